"""What a stage's deployment consists of: `package` makes all of it, `template` the template alone.

`chalice package` makes the template and the zips, with `.chalice/resources.yaml` merged in; the
layer is then trimmed and compiled, and the template settled for the stage. `template` runs
Chalice's own steps without the one that installs requirements and packs them: the checks of roles,
policies and resources need none of that, and it takes longer than they do.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import boto3
import botocore.session
import typer
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

from ops import output
from ops.options import Architecture, DeployedStage, Json
from ops.packaging.shrink import Change, shrink
from ops.template import MERGED, ROOT, merged, read, settled, values_of

if TYPE_CHECKING:
    from chalice.deploy.models import DeploymentPackage


TEMPLATE = "sam.json"
LAYER, APPLICATION = "layer-deployment.zip", "deployment.zip"
_REGION = "us-east-1"  # only its partition's names matter here
_SOURCES = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_UPLOADED = {"Bucket": "artefacts", "Key": "deployment.zip"}


@dataclass(frozen=True, slots=True)
class Package:
    """A stage, ready to be deployed: its template, and the sizes of its zips before and after."""

    template: Path
    changes: tuple[Change, ...]


def package(
    stage: DeployedStage,
    *,
    architecture: Architecture = None,
    out: Annotated[
        Path | None, typer.Option(help="A folder, emptied first; by default build/STAGE.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a stage's template and zips."""
    with output.progress("Packaging …"):
        made = make(stage, out, architecture)
    if as_json:
        archives = [each.as_json() for each in made.changes]
        output.show_json({"stage": stage, "template": str(made.template), "archives": archives})
        return
    for change in made.changes:
        print(*change.lines(), sep="\n")
    print(f"The stage {stage} is in {made.template.parent}")


def template(
    stage: DeployedStage,
    *,
    translated: Annotated[
        bool, typer.Option("--translated", help="As CloudFormation sees it, without SAM.")
    ] = False,
) -> None:
    """Print a stage's template."""
    found = synthesized(stage)
    print(json.dumps(without_sam(found) if translated else found, indent=2))


def make(stage: str, out: Path | None = None, architecture: str | None = None) -> Package:
    """Package `stage` into `out`, which is emptied first.

    The same sources result in the same bytes, so that nothing is deployed where nothing changed.
    Raises StageUnknown and PackagingError.
    """
    folder = out or ROOT / "build" / stage
    values_of(stage, merged())  # before anything is built
    shutil.rmtree(folder, ignore_errors=True)
    template = settled(_packaged(stage, folder, architecture), stage)
    python = template["Resources"]["APIHandler"]["Properties"]["Runtime"].removeprefix("python")
    changes = shrink(folder / LAYER, folder / APPLICATION, python=python)
    path = folder / TEMPLATE
    path.write_text(json.dumps(template, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return Package(path, changes)


def _packaged(stage: str, folder: Path, architecture: str | None) -> dict[str, Any]:
    """Run `chalice package`; return its template."""
    # Not at import: the prompts of Chalice's command line ask the terminal what it can do, and wait
    # for ten seconds where it does not answer.
    from chalice.cli.factory import CLIFactory

    if boto3.Session().region_name is None:
        os.environ["AWS_DEFAULT_REGION"] = _REGION
    factory = CLIFactory(str(ROOT), environ=os.environ)
    given = {} if architecture is None else {"lambda_architecture": architecture}
    config = factory.create_config_obj(stage, user_provided_params=given)
    with redirect_stdout(sys.stderr):  # what Chalice says is no data
        packager = factory.create_app_packager(
            config, factory.create_package_options(), "cloudformation", "json", str(MERGED)
        )
        packager.package_app(config, str(folder), stage)
    written = folder / "sam.yaml"  # Chalice takes the suffix of the merged file
    template = read(written)
    written.unlink()
    return template


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


def _config(stage: str) -> Config:
    import app

    return Config(
        chalice_stage=stage,
        user_provided_params={"chalice_app": app.app, "project_dir": str(ROOT)},
        config_from_disk=json.loads((ROOT / ".chalice" / "config.json").read_text()),
    )
