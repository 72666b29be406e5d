from __future__ import annotations

import json
import os
import re
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from sandbox.supervisor import Address, Part, taken
from tests.kit.engines import LOOPBACK
from tests.kit.processes import free_ports, read_until, started, wait_until

if TYPE_CHECKING:
    import subprocess
    from contextlib import AbstractContextManager

SUPERVISE = """
import asyncio, json, os, sys
from sandbox.supervisor import Part
from sandbox.supervisor import supervise
from sandbox.terminal import Terminal

parts = [
    Part(name, (sys.executable, "-uc", code), {}) for name, code in json.loads(sys.argv[1]).items()
]
terminal = Terminal(sys.stdout, [part.name for part in parts], {})
run = supervise(parts, os.environ, terminal, "All answer.", kill_after_seconds=0.5)
sys.exit(asyncio.run(run))
"""
SLEEPER = "import os, time; print('leads', os.getpid()); time.sleep(600)"
CHILD = "print('child is here', flush=True); import time; time.sleep(600)"
PARENT = f"""
import os, subprocess, sys
print('leads', os.getpid())
subprocess.run([sys.executable, '-c', {CHILD!r}])
"""
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
DYING = "import sys; sys.exit('my last words')"


def supervising(**parts: str) -> AbstractContextManager[subprocess.Popen[str]]:
    return started("-c", SUPERVISE, json.dumps(parts), environment=os.environ)


ORDER = """
import asyncio, os, sys
from sandbox.supervisor import Address, Part
from sandbox.supervisor import supervise
from sandbox.terminal import Terminal

port = int(sys.argv[1])
run = (sys.executable, "-uc")
slow = f'''
import socket, sys, time
time.sleep(1)
with socket.create_server(("127.0.0.1", {port})) as server:
    print("open")
    while True:
        connection, _ = server.accept()
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 200 OK")
        connection.close()
'''
needy = f'''
import socket, time
socket.create_connection(("127.0.0.1", {port})).close()
print("met the slow one")
time.sleep(1)
print("at work")
time.sleep(600)
'''
parts = [
    Part("slow", (*run, slow), {}, Address(port, "PORT", "/")),
    Part("needy", (*run, needy), {}, ready_line="at work", needs=frozenset({"slow"})),
]
terminal = Terminal(sys.stdout, ["slow", "needy"], {})
sys.exit(asyncio.run(supervise(parts, os.environ, terminal, "All are ready.")))
"""


def rest(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate()
    return said


def groups(said: str) -> list[int]:
    return [int(group) for group in re.findall(r"leads (\d+)", said)]


def gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize(
    ("number", "farewell"),
    [
        (signal.SIGINT, "Stopping."),
        (signal.SIGTERM, "Stopping (SIGTERM)."),
        (signal.SIGHUP, "Stopping (SIGHUP)."),
    ],
)
def test_a_signal_stops_every_part_and_what_it_started(number: signal.Signals, farewell: str):
    with supervising(sleeper=SLEEPER, parent=PARENT) as process:
        said = read_until(process, "child is here")
        if len(groups(said)) < 2:
            said += read_until(process, "leads")
        process.send_signal(number)
        last = rest(process)

    assert process.returncode == 0
    assert last.endswith(f"\n{farewell}\n")
    assert "Traceback" not in last
    assert len(groups(said)) == 2
    wait_until(lambda: all(map(gone, groups(said))))


def test_a_part_that_does_not_listen_is_killed():
    with supervising(stubborn=STUBBORN) as process:
        said = read_until(process, "leads")
        process.send_signal(signal.SIGINT)
        rest(process)

    assert process.returncode == 0
    wait_until(lambda: gone(groups(said)[0]))


def test_a_part_that_ends_is_named_and_ends_the_others():
    with supervising(sleeper=SLEEPER, dying=DYING) as process:
        said = rest(process)

    assert process.returncode == 1
    assert "dying   │ my last words\n" in said
    assert said.endswith("\ndying ended (exit status 1). Stopping the rest.\n")
    wait_until(lambda: all(map(gone, groups(said))))


def test_a_part_that_was_killed_is_named_with_the_signal():
    with supervising(sleeper=SLEEPER) as process:
        (group,) = groups(read_until(process, "leads"))
        os.kill(group, signal.SIGKILL)
        said = rest(process)

    assert process.returncode == 1
    assert "sleeper ended (by SIGKILL)." in said


def test_a_closed_window_stops_everything():
    chatterer = f"{SLEEPER.replace('600', '0')}\nwhile True: print('on and on'); time.sleep(0.01)"
    with supervising(chatterer=chatterer) as process:
        (group,) = groups(read_until(process, "leads"))
        assert process.stdout is not None
        process.stdout.close()
        process.wait()

    assert process.returncode == 0
    wait_until(lambda: gone(group))


def test_a_part_starts_when_what_it_needs_answers_and_the_welcome_comes_when_all_are_ready():
    with started("-c", ORDER, str(free_ports(1)[0]), environment=os.environ) as process:
        said = read_until(process, "All are ready.")

    assert [line.rpartition("│ ")[2] for line in said.splitlines()] == [
        "open",
        "met the slow one",
        "at work",
        "All are ready.",
    ]


def test_ctrl_c_while_a_part_is_waited_for_stops_the_others():
    script = ORDER.replace("time.sleep(1)", "print('asleep'); time.sleep(600)", 1)
    with started("-c", script, str(free_ports(1)[0]), environment=os.environ) as process:
        read_until(process, "asleep")
        process.send_signal(signal.SIGINT)
        last = rest(process)

    assert process.returncode == 0
    assert last.endswith("Stopping.\n")
    assert "needy" not in last


def test_the_welcome_comes_when_all_have_started():
    with supervising(sleeper=SLEEPER) as process:
        read_until(process, "All answer.")


def test_a_taken_port_is_named_with_its_part_and_its_variable():
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        phone = Part("phone", (), {}, Address(port, "PHONE_PORT", "/"))

        assert taken([phone, Part("pump", (), {})]) == [
            f"Port {port}, for phone, is in use. Stop what uses it, or set PHONE_PORT to another."
        ]
    assert taken([phone]) == []
