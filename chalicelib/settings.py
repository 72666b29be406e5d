"""The environment, typed: the only place that reads it.

`Settings.from_env` checks every name at once and reports all that are missing or wrong together,
so that a deployment is mended in one go. Nothing here is a secret: secrets live in SSM only.
"""

from __future__ import annotations

import json
import os
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib import setting_kinds as kinds
from chalicelib.setting_kinds import setting

if TYPE_CHECKING:
    from collections.abc import Mapping


MAX_CODE_LIFETIME_SECONDS = 3600  # Logto's upper bound, and half of what the OTP queue keeps
MAX_NUMBER_LIMIT = 50  # so many moments fit into one conditional update of a number's item
MAX_WINDOW_SECONDS = 7 * 86_400


class SettingsError(Exception):
    """Names in the environment are missing or wrong; `problems` has one sentence for each."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{name}: {why}" for name, why in self.problems.items()))


# Not a pydantic model: pages and the worker, which need pydantic for nothing else, would load it
# in every cold start. Not attrs or environ-config, which stop at the first problem.
@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that a deployment can set; `docs/settings.md` is made from these fields."""

    stage: str = setting(kinds.text(64), "The deployment's name: dev, prod, local …")
    public_url: str | None = setting(
        kinds.SECURE_URL,
        "Where browsers reach the application, with the stage path. Unset: taken from "
        "API Gateway's request context, never from the Host header.",
        default=None,
    )
    logto_endpoint: str = setting(kinds.SECURE_URL, "The Logto tenant, e.g. https://foo.logto.app.")
    logto_app_id: str = setting(kinds.text(128), "The application's id in Logto's Console.")
    sessions_table: str = setting(
        kinds.text(), "DynamoDB table of the sessions and sign-in attempts."
    )
    ledger_table: str = setting(kinds.text(), "DynamoDB table with one outcome for every code.")
    otp_queue_url: str = setting(kinds.BASE_URL, "SQS queue between `POST /otp` and `send_otp`.")
    otp_dead_letter_queue_url: str = setting(
        kinds.BASE_URL, "SQS queue for messages that can't be read."
    )
    parameter_prefix: str = setting(
        kinds.PARAMETER_PREFIX, "Everything in SSM is under it, e.g. /portaria/dev."
    )
    twilio_api_url: str | None = setting(
        kinds.SECURE_URL, "Another base URL for Twilio's API: a region or a stand-in.", default=None
    )
    logto_scopes: str = setting(
        kinds.text(1024),
        "Scopes asked for besides openid, offline_access and profile, separated by spaces.",
        default="phone",
    )
    logto_resources: str = setting(
        kinds.text(2048),
        "Indicators of the API resources in Logto's Console that access tokens are "
        "wanted for, separated by spaces.",
        default="",
    )
    api_resource: str | None = setting(
        kinds.text(256),
        "The indicator that this application has as an API resource in Logto's "
        "Console: Bearer tokens must be meant for it.",
        default=None,
    )
    logto_timeout_seconds: float = setting(
        kinds.seconds(most=8, zero=False),
        "For each call to Logto. A cold sign-in makes three, and API Gateway gives up after 29 s.",
        default=4.0,
    )
    attempt_seconds: int = setting(
        kinds.whole_number(least=60, most=3600),
        "How long a visitor may take to sign in.",
        default=600,
    )
    session_idle_seconds: int = setting(
        kinds.whole_number(least=300), "A session unused for so long is over.", default=7 * 86_400
    )
    session_absolute_seconds: int = setting(
        kinds.whole_number(least=300),
        "A session this old is over, used or not; Logto's own limit is 14 days.",
        default=14 * 86_400,
    )
    revalidate_seconds: int = setting(
        kinds.whole_number(least=60),
        "After so long a signed-in visitor's request asks Logto whether the user is "
        "still welcome. A session without a refresh token can't ask, and ends.",
        default=900,
    )
    revalidate_grace_seconds: int = setting(
        kinds.whole_number(least=0),
        "How much longer a session lives on while Logto can't be asked.",
        default=86_400,
    )
    code_lifetime_seconds: int = setting(
        kinds.whole_number(least=30, most=MAX_CODE_LIFETIME_SECONDS),
        "How long Logto accepts a code (its `verificationCodePolicy`); an older one is "
        "not sent. Texts say it as `{{minutes}}`.",
        default=600,
    )
    reconcile: bool = setting(
        kinds.FLAG,
        "Whether Twilio's message list is asked what became of a lost answer. Must be off for "
        "accounts with Message Redaction (texts or numbers): such a code then ends as `unknown`.",
        default=True,
    )
    sms_origin: str | None = setting(
        kinds.text(253, pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"),
        "The domain of the page where codes are typed in, which is Logto's, e.g. auth.example.com. "
        "Messages then end in a line that lets phones fill the code in there and nowhere else.",
        default=None,
    )
    ledger_retention_seconds: int = setting(
        kinds.whole_number(least=3600), "How long a code's outcome is kept.", default=30 * 86_400
    )
    allowed_countries: str = setting(
        kinds.COUNTRIES,
        "ISO codes of the countries whose numbers get codes, separated by spaces, e.g. "
        "BR PT; unset: all. Name those that your users live in: in SMS pumping, bots have codes "
        "sent to expensive numbers abroad whose owners share in the price.",
        default="",
    )
    costly_numbers: bool = setting(
        kinds.FLAG,
        "Whether satellite phones, international networks (+870, +881, +882, +883 …), "
        "premium-rate and shared-cost numbers get codes. Texts to them cost many times as much.",
        default=False,
    )
    test_numbers: str = setting(
        kinds.TEST_NUMBERS,
        "Fictitious numbers for automated tests, e.g. +12125550100 +12125550101. Their codes go to "
        "no phone: `portaria test-code` shows them to who may read the stage's secrets.",
        default="",
    )
    number_short_limit: int = setting(
        kinds.whole_number(least=1, most=MAX_NUMBER_LIMIT),
        "Codes to one number in `NUMBER_SHORT_SECONDS`.",
        default=5,
    )
    number_short_seconds: int = setting(
        kinds.whole_number(least=1, most=MAX_WINDOW_SECONDS),
        "The short window of a number's limit.",
        default=600,
    )
    number_long_limit: int = setting(
        kinds.whole_number(least=1, most=MAX_NUMBER_LIMIT),
        "Codes to one number in `NUMBER_LONG_SECONDS`.",
        default=20,
    )
    number_long_seconds: int = setting(
        kinds.whole_number(least=1, most=MAX_WINDOW_SECONDS),
        "The long window of a number's limit.",
        default=86_400,
    )
    ip_hourly_limit: int = setting(
        kinds.whole_number(least=0),
        "Codes for one client's address (IPv6: /64) in a clock hour; 0: no limit. A "
        "second line only, because a client can forge it; many phones may share one address.",
        default=100,
    )
    country_hourly_limit: int = setting(
        kinds.whole_number(least=0),
        "Codes to one country's numbers in a clock hour; 0: no limit. With the next, "
        "the cap on what SMS pumping can cost: set both to a few times your busiest hour.",
        default=2000,
    )
    overall_hourly_limit: int = setting(
        kinds.whole_number(least=0), "All codes in a clock hour; 0: no limit.", default=5000
    )
    refused_number_seconds: int = setting(
        kinds.whole_number(least=0, most=30 * 86_400),
        "For how long a number that Twilio refused for good (a landline, unsubscribed, "
        "invalid) gets no more codes; 0: not at all.",
        default=86_400,
    )
    limits_fail_open: bool = setting(
        kinds.FLAG,
        "Whether codes go out when the limits can't be counted, because their table "
        "or the ledger's key can't be read.",
        default=True,
    )
    parameters_ttl_seconds: float = setting(
        kinds.seconds(most=55, zero=True),
        "How long a value read from SSM is used before it is read again. A secret is used for up "
        "to twice as long, and 55 s at most, while a thread reads it: no request waits for that.",
        default=30.0,
    )
    log_level: str = setting(
        kinds.text(pattern="^(DEBUG|INFO|WARNING|ERROR)$"),
        "DEBUG, INFO, WARNING or ERROR.",
        default="INFO",
    )

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the environment (or `env`); an empty value counts as unset.

        Values in the file that SETTINGS_FILE names replace them. Raises SettingsError with all
        missing and wrong names together.
        """
        source = os.environ if env is None else env
        source = {**source, **_in_file(source.get("SETTINGS_FILE", ""))}
        values, problems = {}, {}
        for each in fields(cls):
            name = each.name.upper()
            text = source.get(name, "").strip()
            try:
                if text:
                    values[each.name] = each.metadata["kind"].read(text)
                elif each.default is MISSING:
                    problems[name] = "missing"
            except ValueError as error:
                problems[name] = str(error)
        if problems:
            raise SettingsError(problems)
        return cls(**values)


def lambda_handler() -> str | None:
    """Return what Lambda calls in this process, e.g. `app.send_otp`; None where it is no Lambda."""
    return os.environ.get("_HANDLER")


def _in_file(path: str) -> dict[str, str]:
    # How a plain `chalice local`, which has fixed values in .chalice/config.json, learns of the
    # sandbox's ports and providers. Where no sandbox runs there is no such file.
    try:
        text = Path(path).read_text(encoding="utf-8") if path else "{}"
    except FileNotFoundError:
        return {}
    values: dict[str, str] = json.loads(text)
    return values
