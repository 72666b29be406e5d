"""Runs the parts as one: starts each when it can work, and when one ends stops the rest.

Each part leads a process group of its own, so that what it started (Chalice's reloader has a
child) goes with it, and so that Ctrl-C reaches only the supervisor, which then stops them all.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sandbox.server import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sandbox.terminal import Terminal

ROOT = Path(__file__).parent.parent
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LAST_WORDS_SECONDS = 1
POLL_SECONDS = 0.2
MAX_LINE_BYTES = 1 << 24
SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class Address:
    """Where a part answers on loopback: `path` answers once the part is ready.

    `variable` is the environment's name for the port.
    """

    port: int
    variable: str
    path: str


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the sandbox, which starts once the parts that it `needs` are ready.

    It is ready when its address answers, or, where it has no address, when it prints `ready_line`.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    address: Address | None = None
    ready_line: str | None = None
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Running:
    part: Part
    process: asyncio.subprocess.Process
    relay: asyncio.Task[None]  # done when no process can write to the part's output any more
    ready: asyncio.Task[None]
    watch: asyncio.Task[None]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the part and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def taken(parts: Sequence[Part]) -> list[str]:
    """Return a sentence for each part whose port is in use."""
    return [
        f"Port {part.address.port}, for {part.name}, is in use. "
        f"Stop what uses it, or set {part.address.variable} to another."
        for part in parts
        if part.address is not None and not _is_free(part.address.port)
    ]


async def supervise(
    parts: Sequence[Part],
    environment: Mapping[str, str],
    terminal: Terminal,
    welcome: str,
    *,
    kill_after_seconds: float = 5,
) -> int:
    """Run the parts until one ends or a signal arrives; return the exit status.

    `welcome` is shown once all of them are ready. A part that has not stopped
    `kill_after_seconds` after its SIGTERM is killed. Status 0 after a signal, 1 when a part ended.
    """
    ends: asyncio.Queue[_Running | signal.Signals] = asyncio.Queue()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, ends.put_nowait, number)
    running: dict[str, _Running] = {}
    try:

        async def launch() -> None:
            for part in parts:
                await _all_ready(running[name] for name in part.needs)
                running[part.name] = await _start(part, environment, terminal, ends)
            await _all_ready(running.values())
            terminal.say(welcome)

        launched, first = asyncio.create_task(launch()), asyncio.create_task(ends.get())
        await asyncio.wait([launched, first], return_when=asyncio.FIRST_COMPLETED)
        if launched.done():
            launched.result()  # a part that can't be started at all
        ended = await first
        launched.cancel()
        await asyncio.wait([launched])
        if isinstance(ended, _Running):
            ended.signal(signal.SIGTERM)  # what it started may still hold its output
            await asyncio.wait([ended.relay], timeout=LAST_WORDS_SECONDS)
        terminal.say(f"\n{_farewell(ended)}")
    finally:
        terminal.mute()
        await _stop(list(running.values()), kill_after_seconds)
    return 1 if isinstance(ended, _Running) else 0


async def _start(
    part: Part,
    environment: Mapping[str, str],
    terminal: Terminal,
    ends: asyncio.Queue[_Running | signal.Signals],
) -> _Running:
    process = await asyncio.create_subprocess_exec(
        *part.command,
        cwd=ROOT,
        env={**environment, **part.environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=MAX_LINE_BYTES,
    )
    output = cast("asyncio.StreamReader", process.stdout)  # it is a pipe
    said_ready = asyncio.Event()

    async def relay() -> None:
        async for line in output:
            text = line.decode(errors="replace").rstrip()
            if text == part.ready_line:
                said_ready.set()
            if not terminal.line(part.name, text):
                ends.put_nowait(signal.SIGHUP)  # as good as
        await process.wait()

    async def ready() -> None:
        if part.ready_line is not None:
            await said_ready.wait()
        while part.address is not None and not await _answers(part.address):  # noqa: ASYNC110 - another process
            await asyncio.sleep(POLL_SECONDS)

    async def watch() -> None:
        await process.wait()
        ends.put_nowait(running)

    tasks = (asyncio.create_task(each()) for each in (relay, ready, watch))
    running = _Running(part, process, *tasks)
    return running


async def _all_ready(running: Iterable[_Running]) -> None:
    for each in running:
        await each.ready


async def _stop(running: Sequence[_Running], kill_after_seconds: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        left = [each for each in running if not each.relay.done()]
        for each in left:
            each.signal(number)
        if left:
            await asyncio.wait([each.relay for each in left], timeout=kill_after_seconds)


def _farewell(ended: _Running | signal.Signals) -> str:
    if ended == signal.SIGINT:
        return "Stopping."
    if isinstance(ended, signal.Signals):
        return f"Stopping ({ended.name})."
    status = ended.process.returncode or 0
    how = f"exit status {status}" if status >= 0 else f"by {signal.Signals(-status).name}"
    return f"{ended.part.name} ended ({how}). Stopping the rest."


async def _answers(address: Address) -> bool:
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, address.port)
        try:
            request = f"GET {address.path} HTTP/1.0\r\nHost: localhost:{address.port}\r\n\r\n"
            writer.write(request.encode())
            status = int((await reader.readline()).split()[1])
        finally:
            writer.close()
    except (OSError, ValueError, IndexError):
        return False
    return status < SERVER_ERRORS


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
