"""What a setting can be, and what is said of a wrong one: never its value, which may be secret."""

from __future__ import annotations

import math
import re
from dataclasses import MISSING, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FLAGS = dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True) | dict.fromkeys(
    ("0", "false", "f", "no", "n", "off"), False
)
# phonenumbers' SUPPORTED_REGIONS: no page should load that library for the sake of this check.
_REGIONS = (
    "AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC "
    "EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK "
    "HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB "
    "LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY "
    "MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS "
    "RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL "
    "TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW "
)
REGIONS = frozenset(_REGIONS.split())
_FICTITIOUS = re.compile(r"\+1[2-9][0-9]{2}55501[0-9]{2}")  # of North America, reserved for fiction


class Kind(NamedTuple):
    """A kind of setting.

    `read` makes its value of a text that isn't empty; raises ValueError with what is wrong.
    `accepts` says in `docs/settings.md` what that is.
    """

    read: Callable[[str], object]
    accepts: str


def setting(kind: Kind, meaning: str, *, default: Any = MISSING) -> Any:
    """Declare a setting: what it can be, what it means, and its value where it is unset.

    One without a default must be set.
    """
    return field(default=default, metadata={"kind": kind, "meaning": meaning})


def text(most: int | None = None, *, pattern: str | None = None) -> Kind:
    """Return the kind of a text of at most so many characters, all of it as `pattern` says."""

    def read(value: str) -> str:
        if most is not None and len(value) > most:
            raise ValueError(f"must have at most {most} characters")
        if pattern is not None and not re.fullmatch(pattern, value):
            raise ValueError(f"must match {pattern}")
        return value

    return Kind(read, ", ".join(_accepted_texts(most, pattern)))


def _accepted_texts(most: int | None, pattern: str | None) -> Iterator[str]:
    if most is not None:
        yield f"at most {most} characters"
    if pattern is not None:
        yield "`{}`".format(pattern.replace("|", "\\|"))
    elif most is None:
        yield "not empty"


def whole_number(*, least: int, most: int | None = None) -> Kind:
    """Return the kind of a whole number within these bounds."""

    def read(value: str) -> int:
        try:
            found = int(value)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if found < least:
            raise ValueError(f"must be at least {least}")
        if most is not None and found > most:
            raise ValueError(f"must be at most {most}")
        return found

    return Kind(read, f"at least {least}" if most is None else f"{least} to {most}")


def seconds(*, most: int, zero: bool) -> Kind:
    """Return the kind of a time that needn't be a whole number, and may be `zero` or not."""

    def read(value: str) -> float:
        try:
            found = float(value)
        except ValueError:
            found = math.nan
        if not math.isfinite(found):
            raise ValueError("must be a number")
        if found < 0 or (found == 0 and not zero):
            raise ValueError("must be at least 0" if zero else "must be more than 0")
        if found > most:
            raise ValueError(f"must be at most {most}")
        return found

    return Kind(read, f"0 to {most}" if zero else f"more than 0, at most {most}")


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this machine itself."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _flag(value: str) -> bool:
    if value.lower() not in _FLAGS:
        raise ValueError("must be true or false")
    return _FLAGS[value.lower()]


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http or https URL")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("must have no query, fragment or credentials")
    return value.rstrip("/")


def _secure_url(value: str) -> str:
    url = _base_url(value)
    parts = urlsplit(url)
    # Secrets, cookies and codes travel there: on plain http whoever is in between reads them.
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("must be https, except on localhost or another loopback address")
    return url


def _parameter_prefix(value: str) -> str:
    if not value.startswith("/") or len(value.strip("/")) == 0:
        raise ValueError('must start with "/" and name a path')
    return value.rstrip("/")


def _countries(value: str) -> str:
    codes = value.upper().split()
    # A wrong code, such as UK for GB, would shut a whole country out without a word.
    if not REGIONS.issuperset(codes):
        raise ValueError("must be ISO 3166-1 alpha-2 codes, separated by spaces")
    return " ".join(codes)


def _test_numbers(value: str) -> str:
    numbers = value.split()
    # No other number is nobody's: the code of a customer must never be kept for somebody else.
    if not all(map(_FICTITIOUS.fullmatch, numbers)):
        raise ValueError(
            "must be fictitious numbers, +1, an area code and 55501xx, e.g. +12125550100, "
            "separated by spaces"
        )
    return " ".join(numbers)


FLAG = Kind(_flag, "`true` or `false`")
BASE_URL = Kind(_base_url, "an http or https URL")
SECURE_URL = Kind(_secure_url, "an https URL; http on loopback addresses only")
PARAMETER_PREFIX = Kind(_parameter_prefix, "a path: /…")
COUNTRIES = Kind(_countries, "ISO 3166-1 alpha-2 codes")
TEST_NUMBERS = Kind(_test_numbers, "numbers of the form +1…55501xx")
