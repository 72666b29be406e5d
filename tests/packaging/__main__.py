"""Renew the record of what cold starts take: `python -m tests.packaging`."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from ops.packaging.shrink import shrink
from tests.kit.engines import moto
from tests.kit.surroundings import surroundings
from tests.packaging.deployment import PYTHON, Lambda, chalice_package
from tests.packaging.first_requests import API, FirstRequests
from tests.packaging.instructions import ratios, write


def main() -> None:
    """Count the instructions of this machine's packages and write down their ratios."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory() as temporary,
        moto() as aws_url,
        surroundings(aws_url, ALLOWED_COUNTRIES="BR") as around,
    ):
        folder = Path(temporary)
        packages = chalice_package(folder)
        shrink(packages.layer, packages.application, python=PYTHON)
        unpacked = packages.unpack(folder / "unpacked")
        with Lambda(unpacked, around.stage.environment, API) as api:
            write(ratios(FirstRequests(around, api), unpacked, folder))


if __name__ == "__main__":
    main()
