"""Chalice's part of a deployment, merged with ours in `.chalice/resources.yaml`.

Chalice's own steps make the template and the zips. `synthesized` runs them without the one that
installs requirements and packs them: the checks of roles, policies and resources need none of that,
and it takes longer than they do.
"""

from __future__ import annotations

import json
import logging
import sys
from contextlib import redirect_stdout
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
    ManagedLayerDeploymentPackager,
    PolicyGenerator,
    SwaggerBuilder,
)
from chalice.deploy.packager import AppOnlyDeploymentPackager, LayerDeploymentPackager
from chalice.deploy.swagger import CFNSwaggerGenerator
from chalice.package import (
    AppPackager,
    CompositePostProcessor,
    PackageOptions,
    ResourceBuilder,
    SAMCodeLocationPostProcessor,
    SAMTemplateGenerator,
    TemplateDeepMerger,
    TemplateMergePostProcessor,
    YAMLTemplateSerializer,
)
from chalice.policy import AppPolicyGenerator
from chalice.utils import UI, OSUtils

from ops.packaging.interpreters import RUNNING
from ops.packaging.wheels import wheels
from ops.template import MERGED, ROOT, read, settled

if TYPE_CHECKING:
    from pathlib import Path

    from chalice.deploy.models import DeploymentPackage


_REGION = "us-east-1"  # only its partition's names matter here
_SOURCES = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_UPLOADED = {"Bucket": "artefacts", "Key": "deployment.zip"}


def packaged(stage: str, folder: Path, python: str, given: dict[str, str]) -> dict[str, Any]:
    """Do what `chalice package` does, for this Python; return the stage's template."""
    config, files = _config(stage, python, given), OSUtils()
    with redirect_stdout(sys.stderr):  # what Chalice says is no data
        architecture = config.lambda_architecture
        parts = (files, wheels(python, architecture), UI(), architecture)
        packages = ManagedLayerDeploymentPackager(
            AppOnlyDeploymentPackager(*parts), LayerDeploymentPackager(*parts)
        )
        AppPackager(
            SAMTemplateGenerator(config, _options()),
            _resources(packages),
            CompositePostProcessor([SAMCodeLocationPostProcessor(files), _merge(files)]),
            YAMLTemplateSerializer(),
            files,
        ).package_app(config, str(folder), stage)
    written = folder / "sam.yaml"
    template = read(written)
    written.unlink()
    return settled(template, stage)


def synthesized(stage: str, python: str | None = None) -> dict[str, Any]:
    """Return the template of `stage`, Chalice's part and ours merged; `python` as for `make`.

    Raises StageUnknown.
    """
    config = _config(stage, python or default_python(), {})
    resources = _resources(_NamedPackages()).construct_resources(config, stage)
    template: dict[str, Any] = SAMTemplateGenerator(config, _options()).generate(resources)
    _merge(OSUtils()).process(template, config, "", stage)
    return settled(template, stage)


def _resources(packages: BaseDeployStep) -> ResourceBuilder:
    files = OSUtils()
    build = BuildStage(
        steps=[
            InjectDefaults(),
            packages,
            PolicyGenerator(policy_gen=AppPolicyGenerator(osutils=files), osutils=files),
            SwaggerBuilder(swagger_generator=CFNSwaggerGenerator()),
        ]
    )
    return ResourceBuilder(ApplicationGraphBuilder(), DependencyBuilder(), build)


def _options() -> PackageOptions:
    session = botocore.session.Session()
    session.set_config_variable("region", boto3.Session().region_name or _REGION)
    return PackageOptions(TypedAWSClient(session))


def _merge(files: OSUtils) -> TemplateMergePostProcessor:
    return TemplateMergePostProcessor(
        osutils=files,
        merger=TemplateDeepMerger(),
        template_serializer=YAMLTemplateSerializer(),
        merge_template=str(MERGED),
    )


def without_sam(template: dict[str, Any]) -> dict[str, Any]:
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
    """Names each zip instead of making it."""

    def handle_deploymentpackage(self, _: Config, resource: DeploymentPackage) -> None:
        resource.filename = "deployment.zip"


class _Config(Config):
    """Chalice's configuration, with a runtime of our own choice."""

    _python = RUNNING

    @property
    def lambda_python_version(self) -> str:
        """The name of the runtime."""
        return f"python{self._python}"


def _config(stage: str, python: str, given: dict[str, str]) -> Config:
    import app

    # Chalice makes copies for each function by calling the class.
    kind: type[Config] = type("_ConfigFor", (_Config,), {"_python": python})
    return kind(
        chalice_stage=stage,
        user_provided_params={"chalice_app": app.app, "project_dir": str(ROOT), **given},
        config_from_disk=_from_disk(),
    )


def default_python() -> str:
    """Return the version that packages are for by default."""
    version: str = _from_disk().get("lambda_python_version", RUNNING)
    return version


def _from_disk() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / ".chalice" / "config.json").read_text("utf-8"))
    return found
