"""Compiles a folder's sources, run as a script by the Python whose byte code is wanted.

    python compiler.py FOLDER ROOT [--instead]

`ROOT` is where the files will be, for tracebacks. The byte code is where Python looks for it beside
a source, or with `--instead` where it looks if there is none. Docstrings, which nothing reads on
Lambda, would take a sixth of the room, and 1.6 MB of memory once they are loaded. Unlike with
`python -OO`, assertions stay.

It imports nothing of ours, so that any Python from 3.11 on can run it.
"""

from __future__ import annotations

import ast
import importlib.util
import marshal
import sys
from pathlib import Path

_UNCHECKED_HASH = (0b01).to_bytes(4, "little")  # PEP 552: never compared with the source
_WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def main(folder: str, root: str, *options: str) -> int:
    """Compile all; return 1 where something can't be, after a line on standard error for each."""
    failed = 0
    for path in sorted(Path(folder).rglob("*.py")):
        name = f"{root}/{path.relative_to(folder).as_posix()}"
        source = path.read_bytes()
        try:
            compiled = _compiled(source, name)
        except (SyntaxError, ValueError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = 1
            continue
        if "--instead" in options:
            target = path.with_suffix(".pyc")
        else:
            target = Path(importlib.util.cache_from_source(str(path)))
            target.parent.mkdir(exist_ok=True)
        target.write_bytes(compiled)
    return failed


def _compiled(source: bytes, name: str) -> bytes:
    tree = ast.parse(source, name)
    _drop_docstrings(tree)
    code = compile(tree, name, "exec", dont_inherit=True)
    head = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source)
    return head + marshal.dumps(code)


def _drop_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, _WITH_DOCSTRING):
            while _begins_with_string(node.body):  # a second string would become the docstring
                dropped = node.body.pop(0)
                if not node.body and not isinstance(node, ast.Module):
                    node.body.append(ast.copy_location(ast.Pass(), dropped))


def _begins_with_string(body: list[ast.stmt]) -> bool:
    return (
        bool(body)
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
