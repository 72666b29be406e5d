"""`settings`: the page of settings, made from their definitions, and their check."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from chalicelib.setting_kinds import is_loopback
from chalicelib.settings import Settings, SettingsError
from ops.generated import GeneratedPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["NAMES", "PAGE", "is_loopback", "problems", "render"]

NAMES = frozenset(each.name.upper() for each in fields(Settings))

_INTRODUCTION = """\
# Settings

Made from `chalicelib/settings.py` by `.venv/bin/portaria settings`; don't edit it by hand.

All of them are environment variables. A stage's values are in `.chalice/config.json`, or come
from the stack (`.chalice/resources.yaml`). When names are missing or wrong, the first request
fails with one error that lists them all. Secrets are not among them: they live in SSM under
`PARAMETER_PREFIX` and are listed in [parameters](reference/parameters.md).

`AWS_ENDPOINT_URL`, `AWS_REGION` and the like are read by boto3 itself. `SETTINGS_FILE`, in the
stage `local` only, names a JSON file whose values replace those of the environment, if the file
exists: the sandbox writes its ports and providers there.
"""
_HEAD = """
## {}

| name | default | accepts | meaning |
|---|---|---|---|
"""

THEMES = {
    "The stage": (
        *("stage", "public_url", "sessions_table", "ledger_table"),
        *("otp_queue_url", "otp_dead_letter_queue_url", "parameter_prefix"),
        *("parameters_ttl_seconds", "log_level"),
    ),
    "Logto": (
        *("logto_endpoint", "logto_app_id", "logto_scopes", "logto_resources"),
        *("api_resource", "logto_timeout_seconds"),
    ),
    "Sign-in and sessions": (
        *("attempt_seconds", "session_idle_seconds", "session_absolute_seconds"),
        *("revalidate_seconds", "revalidate_grace_seconds"),
    ),
    "Codes and texts": (
        *("code_lifetime_seconds", "sms_origin", "ledger_retention_seconds"),
        *("reconcile", "twilio_api_url"),
    ),
    "Countries and numbers": (
        *("allowed_countries", "costly_numbers", "refused_number_seconds"),
        "test_numbers",
    ),
    "Limits": (
        *("number_short_limit", "number_short_seconds", "number_long_limit"),
        *("number_long_seconds", "ip_hourly_limit", "country_hourly_limit"),
        *("overall_hourly_limit", "limits_fail_open"),
    ),
}
"""Every setting, once, in the order of the page."""


def problems(given: Mapping[str, str]) -> list[str]:
    """Return a line for each setting in `given` that is wrong; the others may be missing."""
    try:
        Settings.from_env(given)
    except SettingsError as error:
        return [f"{name}: {why}" for name, why in error.problems.items() if name in given]
    return []


def render() -> str:
    """Return the page as Markdown."""
    return _INTRODUCTION + "".join(
        _HEAD.format(theme) + "".join(f"{row}\n" for row in _rows(names))
        for theme, names in THEMES.items()
    )


def _rows(names: Iterable[str]) -> Iterator[str]:
    settings = {each.name: each for each in fields(Settings)}
    for name in names:
        each = settings[name]
        accepts, meaning = each.metadata["kind"].accepts, each.metadata["meaning"]
        yield f"| `{name.upper()}` | {_default(each.default)} | {accepts} | {meaning} |"


def _default(value: Any) -> str:
    if value is MISSING:
        return "required"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "" if value in {None, ""} else f"`{value}`"


PAGE = GeneratedPage("settings", render, "settings.md")
