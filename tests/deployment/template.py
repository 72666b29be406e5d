"""The SAM template that `chalice package` writes, without the zips that it refers to.

The steps are Chalice's own, apart from the one that installs requirements and packs them:
roles and policies need none of that, and it takes longer than all the tests of this folder.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import botocore.session
from chalice.awsclient import TypedAWSClient
from chalice.config import Config
from chalice.constants import DEFAULT_ENDPOINT_TYPE
from chalice.deploy.appgraph import ApplicationGraphBuilder, DependencyBuilder
from chalice.deploy.deployer import (
    BaseDeployStep,
    BuildStage,
    InjectDefaults,
    PolicyGenerator,
    SwaggerBuilder,
)
from chalice.deploy.swagger import CFNSwaggerGenerator
from chalice.package import (
    JSONTemplateSerializer,
    PackageOptions,
    ResourceBuilder,
    SAMTemplateGenerator,
    TemplateDeepMerger,
    TemplateMergePostProcessor,
    YAMLTemplateSerializer,
)
from chalice.policy import AppPolicyGenerator
from chalice.utils import OSUtils

import app
from tests.engines import REGION, ROOT

if TYPE_CHECKING:
    from chalice.deploy.models import DeploymentPackage

STAGE = "dev"
ON_THIS_MACHINE = "local"


class NamedPackages(BaseDeployStep):
    """Gives each zip a name instead of making it."""

    def handle_deploymentpackage(self, _: Config, resource: DeploymentPackage) -> None:
        resource.filename = "deployment.zip"


def stages() -> list[str]:
    """Give the stages that are deployed."""
    return [name for name in _from_disk()["stages"] if name != ON_THIS_MACHINE]


def synthesized(stage: str = STAGE) -> dict[str, Any]:
    """Give a stage's template, Chalice's part and ours merged."""
    config, files = _config(stage), OSUtils()
    (ours,) = (ROOT / ".chalice").glob("resources.*")
    serializer: Any = JSONTemplateSerializer()
    if YAMLTemplateSerializer.is_yaml_template(str(ours)):
        serializer = YAMLTemplateSerializer()
    build = BuildStage(
        steps=[
            InjectDefaults(),
            NamedPackages(),
            PolicyGenerator(policy_gen=AppPolicyGenerator(osutils=files), osutils=files),
            SwaggerBuilder(swagger_generator=CFNSwaggerGenerator()),
        ]
    )
    resources = ResourceBuilder(
        ApplicationGraphBuilder(), DependencyBuilder(), build
    ).construct_resources(config, stage)
    session = botocore.session.Session()
    session.set_config_variable("region", REGION)
    options = PackageOptions(TypedAWSClient(session))
    template: dict[str, Any] = SAMTemplateGenerator(config, options).generate(resources)
    TemplateMergePostProcessor(
        osutils=files,
        merger=TemplateDeepMerger(),
        template_serializer=serializer,
        merge_template=str(ours),
    ).process(template, config, "", stage)
    return template


def _config(stage: str) -> Config:
    return Config(
        chalice_stage=stage,
        user_provided_params={"chalice_app": app.app, "project_dir": str(ROOT)},
        config_from_disk=_from_disk(),
        default_params={"api_gateway_endpoint_type": DEFAULT_ENDPOINT_TYPE},
    )


def _from_disk() -> dict[str, Any]:
    config: dict[str, Any] = json.loads((ROOT / ".chalice" / "config.json").read_text())
    return config
