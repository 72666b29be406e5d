"""The layer: what the application needs of its libraries, as byte code alone.

Chalice's layer holds all that the requirements bring. Cut is what the rules here list; the
libraries' sources go too, because they would take the room that is left. Tracebacks still name file
and line. Patterns are `fnmatch`'s, on paths below site-packages; a `*` also spans slashes. A rule
that cuts what the application imports is noticed (see `reach`), so a new route that needs more
fails while it is packaged, by the rule's pattern, and not on Lambda.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ops.packaging.aws_calls import named
from ops.packaging.aws_models import operations, trimmed_models
from ops.packaging.bytecode import PackagingError, only_bytecode
from ops.packaging.reach import reached

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


ROOT = "/opt"


@dataclass(frozen=True)
class Rule:
    """Cuts the files that `pattern` matches, apart from those that one of `but` does.

    `fallback`: the library itself goes on without them, so that its imports of them count
    for nothing.
    """

    pattern: str
    why: str
    but: tuple[str, ...] = ()
    fallback: bool = False

    def cuts(self, path: str) -> bool:
        """Whether the layer does without this file."""
        return fnmatchcase(path, self.pattern) and not any(
            fnmatchcase(path, kept) for kept in self.but
        )


_CODE = (
    Rule("twilio/rest/*", "a class for each of Twilio's APIs; we send by `ClientBase`"),
    Rule("twilio/twiml/*", "answers to phone calls"),
    Rule("twilio/jwt/*", "tokens for Twilio's browser SDKs"),
    Rule("twilio/http/async_http_client.py", "for asyncio; we send from threads"),
    Rule("aiohttp_retry/*", "used by Twilio's client for asyncio alone"),
    Rule("aws_lambda_powertools/event_handler/*", "routing, with a copy of Swagger's pages"),
    Rule(
        "aws_lambda_powertools/utilities/*",
        "parser, idempotency, feature flags and the like; we log and count",
        (
            "aws_lambda_powertools/utilities/__init__.py",
            "aws_lambda_powertools/utilities/jmespath_utils/*",  # the logger imports it
        ),
    ),
    Rule("aws_lambda_powertools/metrics/provider/datadog/*", "our metrics go to CloudWatch"),
    Rule("aiohttp/web*.py", "aiohttp's server"),
    Rule("aiohttp/worker.py", "aiohttp's server"),
    Rule("aiohttp/test_utils.py", "for tests"),
    Rule("aiohttp/pytest_plugin.py", "for tests"),
    Rule("logto/*_test.py", "the SDK's own tests"),
    Rule("*/tests/*", "the packages' own tests"),
    Rule("pydantic/v1/*", "the first version's API"),
    Rule("pydantic/mypy.py", "a plugin for mypy"),
    Rule("pycparser/*", "reads C for cffi when extensions are built"),
    Rule("cffi/*", "builds extensions; cryptography needs only `_cffi_backend`"),
    Rule("phonenumbers/shortdata/region_*", "short numbers, such as 112; no code goes there"),
    Rule("dateutil/zoneinfo/*", "time zones for systems without their own"),
    Rule("botocore/cacert.pem", "authorities that botocore trusts where there is no certifi"),
)

# Most come with their debugging symbols, which are larger than the code. The libraries decide
# on import and run the Python beside them. We don't load them at all; a server would want them.
_ACCELERATORS = (
    Rule("aiohttp/*.so", "reads and writes HTTP", fallback=True),
    Rule("multidict/*.so", "dictionaries of headers", fallback=True),
    Rule("propcache/*.so", "cached properties", fallback=True),
    Rule("frozenlist/*.so", "lists that can be frozen", fallback=True),
    Rule("charset_normalizer/*.so", "guesses encodings; we read JSON", fallback=True),
)

_RECORDS = (
    Rule(
        "*.dist-info/*",
        "installers' records; names, versions and licences stay, for who looks for them",
        ("*/METADATA", "*/entry_points.txt", "*/LICEN[CS]E*", "*/licenses/*"),
    ),
    Rule("*.data/scripts/*", "commands"),
    Rule("*.pyi", "types, for checkers"),
    Rule("*/py.typed", "types, for checkers"),
    Rule("*.[ch]", "sources of compiled modules"),
    Rule("*.py[x]", "sources of compiled modules"),
    Rule("*.px[di]", "sources of compiled modules"),
)


def trimmed(
    layer: Mapping[str, bytes], application: Mapping[str, bytes], *, python: str
) -> dict[str, bytes]:
    """Return the layer's files for this application; raises PackagingError."""
    below = site_packages(python)
    libraries = {name.removeprefix(below): data for name, data in layer.items()}
    if "chalicelib/__init__.py" not in application or not _sources(libraries):
        raise PackagingError("These are not Chalice's packages as it made them")
    missed = list(_missed(reached(application, libraries), RULES))
    if missed:
        raise PackagingError("The layer would lack what is imported:\n" + "\n".join(missed))
    left = _left(libraries, RULES)
    calls = named(application, left, operations(left))
    left = trimmed_models(_left(left, _models(sorted(calls.services))), calls)
    kept = {below + path: data for path, data in left.items()}
    return only_bytecode(kept, root=ROOT, python=python)


def site_packages(python: str) -> str:
    """Return the folder of a layer in which Lambda's Python looks, with a slash at its end."""
    return f"python/lib/python{python}/site-packages/"


RULES = (*_CODE, *_ACCELERATORS, *_RECORDS)


def _left(files: Mapping[str, bytes], table: Iterable[Rule]) -> dict[str, bytes]:
    return {
        path: data for path, data in files.items() if not any(rule.cuts(path) for rule in table)
    }


def _models(services: list[str]) -> tuple[Rule, ...]:
    return (
        Rule(
            "botocore/data/*/*",
            "models of services that the application has no client of; what lies at the top"
            " is for every client",
            tuple(f"botocore/data/{service}/*" for service in services),
        ),
        Rule("botocore/data/*/examples-1.json", "examples for botocore's documentation"),
        Rule(
            "boto3/data/*",
            "the same for boto3's resources",
            tuple(f"boto3/data/{service}/*" for service in services),
        ),
    )


def _missed(found: Mapping[str, str], table: Iterable[Rule]) -> Iterator[str]:
    for path, importer in sorted(found.items()):
        for rule in table:
            if rule.cuts(path) and not rule.fallback:
                yield f"{importer} imports {path}, which the rule {rule.pattern!r} cuts"


def _sources(files: Iterable[str]) -> bool:
    return any(path.endswith(".py") for path in files)
