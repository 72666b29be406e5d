"""A share of a processor, as a Lambda has it by its memory."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ops.costs.bill import VCPU_MB

if TYPE_CHECKING:
    from collections.abc import Iterator

PERIOD_MICROSECONDS = 20_000
"""How Lambda's own scheduler divides time, as people have measured it from outside."""
_V1, _V2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")


def share(megabytes: int) -> float:
    """Return the share of a processor that comes with so much memory."""
    return min(1.0, megabytes / VCPU_MB)


def can_throttle() -> bool:
    """Whether this machine lets us limit a process, by a control group of our own."""
    try:
        with _group(0.5):
            return True
    except OSError:
        return False


@contextmanager
def throttled(pid: int, part: float) -> Iterator[None]:
    """Let a process have `part` of one processor, its threads together."""
    if part >= 1:
        yield
        return
    with _group(part) as (group, root):
        (group / "cgroup.procs").write_text(str(pid))
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                (root / "cgroup.procs").write_text(str(pid))


@contextmanager
def _group(part: float) -> Iterator[tuple[Path, Path]]:
    quota = int(PERIOD_MICROSECONDS * part)
    root = _V1 if (_V1 / "cgroup.procs").exists() else _V2
    group = root / f"portaria-bench-{os.getpid()}"
    group.mkdir()
    try:
        if root is _V1:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_MICROSECONDS))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {PERIOD_MICROSECONDS}")
        yield group, root
    finally:
        group.rmdir()
