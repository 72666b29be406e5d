"""The layer: what the application needs of its libraries, as byte code alone.

Chalice's layer holds all that the requirements bring. Cut is what the rules here list; the
libraries' sources go too, because they would take the room that is left, and what compiled modules
hold for debuggers. Tracebacks still name file and line. Patterns are `fnmatch`'s, on paths below
site-packages; a `*` also spans slashes. A rule that cuts what the application imports is noticed
(see `reach`), so a new route that needs more fails while it is packaged, by the rule's pattern, and
not on Lambda.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ops.packaging.aws_calls import named
from ops.packaging.aws_models import operations, trimmed_models
from ops.packaging.bytecode import PackagingError, only_bytecode
from ops.packaging.elf import stripped
from ops.packaging.reach import reached

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ops.packaging.aws_calls import Named


ROOT = "/opt"


@dataclass(frozen=True)
class Rule:
    """Cuts the files that `pattern` matches, apart from those that one of `but` does.

    `fallback`: the library itself goes on without them, so that its imports of them count
    for nothing. `until_imported`: they stay where something imports one of them.
    """

    pattern: str
    why: str
    but: tuple[str, ...] = ()
    fallback: bool = False
    until_imported: bool = False

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
    Rule("twilio/base/version.py", "what Twilio's APIs have in common"),
    Rule("twilio/base/page.py", "what Twilio's APIs have in common"),
    Rule("twilio/base/*pagination.py", "what Twilio's APIs have in common"),
    Rule("twilio/http/validation_client.py", "for Twilio's public keys", fallback=True),
    Rule("aws_lambda_powertools/middleware_factory/*", "middlewares for handlers"),
    Rule("pydantic/v1/*", "the first version's API"),
    Rule("pydantic/mypy.py", "a plugin for mypy"),
    Rule("annotated_types/test_cases.py", "for tests"),
    Rule("charset_normalizer/cli/*", "a command"),
    Rule("idna/cli.py", "a command"),
    Rule("requests/help.py", "a command"),
    Rule("pycparser/*", "reads C for cffi when extensions are built"),
    Rule("cffi/*", "builds extensions; cryptography needs only `_cffi_backend`"),
    Rule("phonenumbers/shortdata/region_*", "short numbers, such as 112; no code goes there"),
    Rule("dateutil/zoneinfo/*", "time zones for systems without their own"),
    Rule("dateutil/tz/win.py", "time zones on Windows", fallback=True),
    Rule("botocore/crt/auth.py", "for AWS's C library, which is not in the layer", fallback=True),
    Rule("botocore/stub.py", "for tests"),
    Rule("boto3/crt.py", "for AWS's C library, which is not in the layer"),
    Rule("s3transfer/crt.py", "for AWS's C library, which is not in the layer"),
    Rule("urllib3/contrib/emscripten/*", "for Python in a browser", fallback=True),
    Rule("urllib3/http2/connection.py", "HTTP/2, which needs h2"),
    Rule("urllib3/contrib/pyopenssl.py", "for Pythons without TLS 1.2", fallback=True),
    Rule("urllib3/contrib/socks.py", "proxies by SOCKS, which need PySocks", fallback=True),
    Rule("botocore/cacert.pem", "authorities that botocore trusts where there is no certifi"),
)

# Parts of libraries that an application may well use; ours doesn't.
_RARE = tuple(
    Rule(pattern, why, until_imported=True)
    for pattern, why in (
        ("phonenumbers/geocoder.py", "where a number is"),
        ("phonenumbers/carrier.py", "whose network a number is in"),
        ("phonenumbers/timezone.py", "what time it is where a number is"),
        ("phonenumbers/prefix.py", "for the three above"),
        ("jinja2/sandbox.py", "for templates that others write"),
        ("jinja2/nativetypes.py", "for templates that make no text"),
        ("jinja2/meta.py", "for tools that read templates"),
        ("cryptography/hazmat/asn1/*", "for formats of one's own"),
        ("cryptography/hazmat/primitives/twofactor/*", "one-time passwords; ours are Logto's"),
        ("cryptography/hazmat/primitives/serialization/pkcs*.py", "containers of keys"),
        ("cryptography/x509/ocsp.py", "whether certificates are revoked"),
        ("dateutil/rrule.py", "dates that repeat"),
        ("dateutil/easter.py", "Easter"),
        ("pydantic/color.py", "deprecated, for colours"),
        ("pydantic/experimental/*", "pydantic's experiments"),
        ("s3transfer/processpool.py", "downloads from S3 by several processes"),
    )
)

# Distributions, with their folders, that come with Logto's SDK and go unless something else imports
# them: the SDK gets a module in aiohttp's place (`chalicelib/sign_in/logto`), and the others are
# aiohttp's.
_UNTIL_IMPORTED = {
    "aiohappyeyeballs": ("aiohappyeyeballs/",),
    "aiohttp": ("aiohttp/",),
    "aiosignal": ("aiosignal/",),
    "attrs": ("attr/", "attrs/"),
    "frozenlist": ("frozenlist/",),
    "multidict": ("multidict/",),
    "propcache": ("propcache/",),
    "yarl": ("yarl/",),
}
_REPLACED = {"aiohttp": "logto/"}

# The libraries decide on import and run the Python beside them; a server would want them.
_ACCELERATORS = (
    Rule("aiohttp/*.so", "reads and writes HTTP", fallback=True),
    Rule("multidict/*.so", "dictionaries of headers", fallback=True),
    Rule("propcache/*.so", "cached properties", fallback=True),
    Rule("frozenlist/*.so", "lists that can be frozen", fallback=True),
    Rule("charset_normalizer/*.so", "guesses encodings; we read JSON", fallback=True),
)

_RECORDS = (
    Rule("botocore/data/*/examples-1.json", "examples for botocore's documentation"),
    Rule("boto3/examples/*", "examples for boto3's documentation"),
    Rule(
        "*.dist-info/*",
        "installers' records; names, versions and licences stay, for who looks for them",
        ("*/METADATA", "*/entry_points.txt", "*/LICEN[CS]E*", "*/licenses/*"),
    ),
    Rule("*.data/scripts/*", "commands"),
    Rule("bin/*", "commands"),
    Rule("*.pyi", "types, for checkers"),
    Rule("*/py.typed", "types, for checkers"),
    Rule("*.[ch]", "sources of compiled modules"),
    Rule("*.py[x]", "sources of compiled modules"),
    Rule("*.px[di]", "sources of compiled modules"),
)

RULES = (*_CODE, *_RARE, *_ACCELERATORS, *_RECORDS)


def trimmed(
    layer: Mapping[str, bytes], application: Mapping[str, bytes], *, python: str
) -> dict[str, bytes]:
    """Return the layer's files for this application; raises PackagingError."""
    below = site_packages(python)
    libraries = {name.removeprefix(below): data for name, data in layer.items()}
    if "chalicelib/__init__.py" not in application or not _sources(libraries):
        raise PackagingError("These are not Chalice's packages as it made them")
    found = reached(application, libraries, _REPLACED)
    table = (*(rule for rule in RULES if not _stays(rule, found)), *_never_imported(found))
    missed = list(_missed(found, table))
    if missed:
        raise PackagingError("The layer would lack what is imported:\n" + "\n".join(missed))
    left = _left(libraries, table)
    calls = named(application, left, operations(left))
    left = trimmed_models(_left(left, tuple(_models(calls, found))), calls)
    kept = {below + path: _as_loaded(path, data) for path, data in left.items()}
    return only_bytecode(kept, root=ROOT, python=python)


def site_packages(python: str) -> str:
    """Return the folder of a layer in which Lambda's Python looks, with a slash at its end."""
    return f"python/lib/python{python}/site-packages/"


def _left(files: Mapping[str, bytes], table: Sequence[Rule]) -> dict[str, bytes]:
    return {
        path: data for path, data in files.items() if not any(rule.cuts(path) for rule in table)
    }


def _stays(rule: Rule, found: Iterable[str]) -> bool:
    return rule.until_imported and any(rule.cuts(path) for path in found)


def _never_imported(found: Iterable[str]) -> Iterator[Rule]:
    for distribution, folders in _UNTIL_IMPORTED.items():
        if not any(path.startswith(folders) for path in found):
            for pattern in (*folders, f"{distribution}-*.dist-info/"):
                yield Rule(f"{pattern}*", "comes with Logto's SDK, and nothing imports it")


def _as_loaded(path: str, data: bytes) -> bytes:
    """Return what of a file is ever read on Lambda."""
    if path.endswith(".so"):
        return stripped(data)
    if fnmatchcase(path, "*.dist-info/METADATA"):
        return data.partition(b"\n\n")[0] + b"\n"  # a page for PyPI follows
    if path == "certifi/cacert.pem":  # the certificates say in text what they say in base64, too
        lines = data.splitlines(keepends=True)
        return b"".join(line for line in lines if not line.startswith(b"#"))
    return data


def _models(calls: Named, found: Iterable[str]) -> Iterator[Rule]:
    yield Rule(
        "botocore/data/*/*",
        "models of services that the application has no client of; what lies at the top is for"
        " every client",
        tuple(f"botocore/data/{service}/*" for service in sorted(calls.services)),
    )
    resources = tuple(f"boto3/data/{service}/*" for service in sorted(calls.resources))
    yield Rule("boto3/data/*", "models of boto3's resources that nothing makes", resources)
    tables = Rule("boto3/dynamodb/*", "for resources of DynamoDB", until_imported=True)
    if "dynamodb" not in calls.resources and not _stays(tables, found):
        yield tables


def _missed(found: Mapping[str, str], table: Sequence[Rule]) -> Iterator[str]:
    for path, importer in sorted(found.items()):
        for rule in table:
            if rule.cuts(path) and not rule.fallback:
                yield f"{importer} imports {path}, which the rule {rule.pattern!r} cuts"


def _sources(files: Iterable[str]) -> bool:
    return any(path.endswith(".py") for path in files)
