"""What Lambda's runtime does, run by a Python that has nothing but the two unpacked zips.

The init phase ends with a line on standard output. Then each line of standard input is
`[handler, event]`, and each answer is one line; the application's log goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any, TextIO


class Context:
    """As much of Lambda's context as the handlers read."""

    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
    function_name = "function"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    memory_limit_in_mb = 512

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def serve() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    app = importlib.import_module("app")
    write(answers, None, 0.0)
    for line in sys.stdin:
        handler, event = json.loads(line)
        before = time.process_time()
        answer: Any = getattr(app, handler)(event, Context())
        write(answers, answer, time.process_time() - before)


def write(answers: TextIO, answer: Any, call_cpu_seconds: float) -> None:
    """Write an answer, with what the process took so far, and the files of what is loaded."""
    took = {
        "cpu_seconds": time.process_time(),
        "call_cpu_seconds": call_cpu_seconds,
        "peak_kilobytes": peak_kilobytes(),
    }
    loaded = sorted(
        file for module in list(sys.modules.values()) if (file := _file(module)) is not None
    )
    answers.write(json.dumps({"answer": answer, "loaded": loaded} | took) + "\n")
    answers.flush()


def peak_kilobytes() -> int:
    """Return the most memory that this process has had; 0 where the system doesn't say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except FileNotFoundError:
        return 0
    return int(status.partition("VmHWM:")[2].split()[0])


def _file(module: Any) -> str | None:
    return getattr(module, "__file__", None)


if __name__ == "__main__":
    serve()
