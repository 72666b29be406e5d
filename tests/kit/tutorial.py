"""The tutorial, as a list of what its reader does and sees."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.kit.engines import ROOT

PAGE = ROOT / "docs" / "tutorial" / "first-sign-in.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CHANGING = re.compile(r"[\w.:+-]*\d[\w.:+-]*")


@dataclass(frozen=True, slots=True)
class Block:
    """A code block: `sh`, a command a line; `text`, what the last one says; or `python`."""

    kind: str
    body: str

    @property
    def commands(self) -> list[str]:
        return self.body.splitlines() if self.kind == "sh" else []


@dataclass(frozen=True, slots=True)
class Deploying:
    """What the half on AWS has, each command once and in this order."""

    deploy: str
    setup: str
    told: Block
    """What `setup` says of the application's id."""
    doctor: str
    destroy: str

    @classmethod
    def read(cls) -> Deploying:
        """Return what the page has now; raises where it has more or less."""
        found = blocks(deployed=True)
        (told,) = [each for each in found if each.kind == "text"]
        deploy, setup, *rest = [command for each in found for command in each.commands]
        return cls(deploy, setup, told, *rest)


def blocks(*, deployed: bool) -> list[Block]:
    """Return the blocks of the half on this machine, or of the one on AWS."""
    local, heading, remote = PAGE.read_text(encoding="utf-8").partition("## 6. Deploy it\n")
    assert heading
    found = [Block(*each) for each in _BLOCK.findall(remote if deployed else local)]
    assert {each.kind for each in found} <= {"sh", "text", "python"}
    return found


def shows(said: str, block: Block) -> bool:
    """Whether a command has said the lines of a `text` block, in their order.

    Whatever has a digit in it, a time, a port or an id, may be another one.
    """
    rest = _fixed(said)
    for line in filter(None, _fixed(block.body).splitlines()):
        _, found, rest = rest.partition(line)
        if not found:
            return False
    return True


def _fixed(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return _CHANGING.sub("#", "\n".join(lines))
