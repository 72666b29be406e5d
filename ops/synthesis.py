"""`template`: what `package` would deploy, without the zips that it refers to.

The steps are Chalice's own, apart from the one that installs requirements and packs them: the
checks of roles, policies and resources need none of that, and it takes longer than they do.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from chalice.awsclient import TypedAWSClient
from chalice.config import Config
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
    PackageOptions,
    ResourceBuilder,
    SAMTemplateGenerator,
    TemplateDeepMerger,
    TemplateMergePostProcessor,
    YAMLTemplateSerializer,
)
from chalice.policy import AppPolicyGenerator
from chalice.utils import OSUtils

from ops.template import MERGED, ROOT, settled

if TYPE_CHECKING:
    import argparse

    from chalice.deploy.models import DeploymentPackage

_REGION = "us-east-1"
_SOURCES = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_UPLOADED = {"Bucket": "artefacts", "Key": "deployment.zip"}


def add_to(nouns: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    command = nouns.add_parser("template", help="print a stage's template")
    command.add_argument("--stage", required=True)
    command.add_argument(
        "--translated", action="store_true", help="as CloudFormation sees it, without SAM"
    )
    command.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print the template."""
    template = synthesized(given.stage)
    print(json.dumps(translated(template) if given.translated else template, indent=2))
    return 0


def synthesized(stage: str) -> dict[str, Any]:
    """Return the template of `stage`, Chalice's part and ours merged. Raises StageUnknown."""
    config, files = _config(stage), OSUtils()
    build = BuildStage(
        steps=[
            InjectDefaults(),
            _NamedPackages(),
            PolicyGenerator(policy_gen=AppPolicyGenerator(osutils=files), osutils=files),
            SwaggerBuilder(swagger_generator=CFNSwaggerGenerator()),
        ]
    )
    resources = ResourceBuilder(
        ApplicationGraphBuilder(), DependencyBuilder(), build
    ).construct_resources(config, stage)
    session = botocore.session.Session()
    session.set_config_variable("region", _REGION)
    options = PackageOptions(TypedAWSClient(session))
    template: dict[str, Any] = SAMTemplateGenerator(config, options).generate(resources)
    TemplateMergePostProcessor(
        osutils=files,
        merger=TemplateDeepMerger(),
        template_serializer=YAMLTemplateSerializer(),
        merge_template=str(MERGED),
    ).process(template, config, "", stage)
    return settled(template, stage)


def translated(template: dict[str, Any]) -> dict[str, Any]:
    """Return the template as AWS's own translator makes plain CloudFormation of it."""
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    uploaded = json.loads(json.dumps(template))
    for resource in uploaded["Resources"].values():
        if resource["Type"] in _SOURCES:
            resource["Properties"][_SOURCES[resource["Type"]]] = _UPLOADED
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=_REGION))
    result: dict[str, Any] = translator.translate(uploaded, {})
    return result


class _NamedPackages(BaseDeployStep):
    """Gives each zip a name instead of making it."""

    def handle_deploymentpackage(self, _: Config, resource: DeploymentPackage) -> None:
        resource.filename = "deployment.zip"


def _config(stage: str) -> Config:
    import app

    return Config(
        chalice_stage=stage,
        user_provided_params={"chalice_app": app.app, "project_dir": str(ROOT)},
        config_from_disk=json.loads((ROOT / ".chalice" / "config.json").read_text()),
    )
