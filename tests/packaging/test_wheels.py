"""Wheels for another Python and another processor than this machine's."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from ops.packaging.bytecode import PackagingError
from ops.packaging.interpreters import RUNNING
from ops.packaging.wheels import WheelsFor

if TYPE_CHECKING:
    from pathlib import Path

TAG = f"cp{RUNNING.replace('.', '')}"


def wheel(folder: Path, platform: str, tag: str = TAG) -> None:
    """Put a wheel into `folder` whose only module says which one it is."""
    name = f"{tag}-{tag}-{platform}"
    with zipfile.ZipFile(folder / f"part-1.0-{name}.whl", "w") as archive:
        archive.writestr("part.py", f"PLATFORM = {platform!r}\n")
        archive.writestr(
            "part-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: part\nVersion: 1.0\n"
        )
        archive.writestr(
            "part-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {name}\n"
        )
        archive.writestr("part-1.0.dist-info/RECORD", "")


def installed(folder: Path, architecture: str) -> str:
    """Install from the wheels in `folder` for the running Python; returns what the module says."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"--no-index\n--find-links {folder}\npart==1.0\n")
    target = folder / "target"
    WheelsFor(RUNNING, architecture).build_site_packages("", str(requirements), str(target))
    return (target / "part.py").read_text()


@pytest.mark.parametrize(("architecture", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_the_wheel_is_for_the_architecture_and_no_newer_than_lambda(
    tmp_path: Path, architecture: str, machine: str
):
    for platform in ("manylinux_2_17", "manylinux_2_39", "macosx_11_0", "musllinux_1_2"):
        for each in ("aarch64", "x86_64"):
            wheel(tmp_path, f"{platform}_{each}")

    assert f"manylinux_2_17_{machine}" in installed(tmp_path, architecture)


def test_where_there_is_no_wheel_pips_words_are_shown(tmp_path: Path):
    wheel(tmp_path, "manylinux_2_17_aarch64", tag="cp310")

    with pytest.raises(PackagingError, match=r"(?s)for Python.*No matching distribution"):
        installed(tmp_path, "arm64")
