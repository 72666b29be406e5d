"""What a stage's deployment consists of: `package` makes all of it, `template` the template alone.

Chalice's own steps make the template and the zips, with `.chalice/resources.yaml` merged in; the
layer is then trimmed and compiled, and the template settled for the stage. `template` runs
the steps without the one that installs requirements and packs them: the checks of roles,
policies and resources need none of that, and it takes longer than they do.
"""

from __future__ import annotations

import json
import logging
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

from ops import output
from ops.options import Architecture, DeployedStage, Json, Python
from ops.packaging.interpreters import RUNNING, interpreter
from ops.packaging.shrink import Change, shrink
from ops.packaging.wheels import wheels
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
    runtime: str
    """What Lambda calls it, e.g. `python3.13`."""
    architecture: str

    def __str__(self) -> str:
        return f"for Python {self.runtime.removeprefix('python')} on {self.architecture}"


def package(
    stage: DeployedStage,
    *,
    python: Python = None,
    architecture: Architecture = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A folder, emptied first; by default build/STAGE.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a stage's template and zips."""
    with output.progress("Packaging …"):
        made = make(stage, out, architecture, python)
    if as_json:
        output.show_json(
            {
                "stage": stage,
                "template": str(made.template),
                "runtime": made.runtime,
                "architecture": made.architecture,
                "archives": [each.as_json() for each in made.changes],
            }
        )
        return
    for change in made.changes:
        print(*change.lines(), sep="\n")
    print(f"The stage {stage} is in {made.template.parent}, {made}")


def template(
    stage: DeployedStage,
    *,
    python: Python = None,
    translated: Annotated[
        bool, typer.Option("--translated", help="As CloudFormation sees it, without SAM.")
    ] = False,
) -> None:
    """Print a stage's template."""
    found = synthesized(stage, python)
    print(json.dumps(without_sam(found) if translated else found, indent=2))


def make(
    stage: str,
    out: Path | None = None,
    architecture: str | None = None,
    python: str | None = None,
) -> Package:
    """Package `stage` into `out`, which is emptied first.

    `python` is the runtime's version, such as "3.13": by default the one that
    `.chalice/config.json` has as `lambda_python_version`, or that of the running Python. The same
    sources result in the same bytes, so that nothing is deployed where nothing changed. Raises
    StageUnknown, PythonMissing, PackagingError and UnreadableOperation.
    """
    folder = out or ROOT / "build" / stage
    values_of(stage, merged())  # before anything is built
    python = python or _python()
    interpreter(python)  # it is missed at once, or not at all
    shutil.rmtree(folder, ignore_errors=True)
    given = {} if architecture is None else {"lambda_architecture": architecture}
    template = settled(_packaged(stage, folder, python, given), stage)
    handler = template["Resources"]["APIHandler"]["Properties"]
    changes = shrink(folder / LAYER, folder / APPLICATION, python=python)
    path = folder / TEMPLATE
    path.write_text(json.dumps(template, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return Package(path, changes, handler["Runtime"], handler["Architectures"][0])


def _packaged(stage: str, folder: Path, python: str, given: dict[str, str]) -> dict[str, Any]:
    """Do what `chalice package` does, for this Python; return its template."""
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
    return template


def synthesized(stage: str, python: str | None = None) -> dict[str, Any]:
    """Return the template of `stage`, Chalice's part and ours merged; `python` as for `make`.

    Raises StageUnknown.
    """
    config = _config(stage, python or _python(), {})
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


def _python() -> str:
    """Return the version that packages are for by default."""
    version: str = _from_disk().get("lambda_python_version", RUNNING)
    return version


def _from_disk() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / ".chalice" / "config.json").read_text("utf-8"))
    return found
