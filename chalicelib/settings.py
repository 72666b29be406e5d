"""The environment, typed: the only place that reads it.

`Settings.from_env` checks every name at once and reports all that are missing or
wrong together, so that a deployment is mended in one go. Nothing here is a secret:
secrets live in SSM and are never in the environment.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.setting_kinds import (
    BaseUrl,
    Countries,
    ParameterPrefix,
    SecureUrl,
    sentence,
)

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


class Settings(BaseModel):
    """Everything that a deployment can set; `docs/settings.md` is made from these fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: str = Field(
        min_length=1, max_length=64, description="The deployment's name: dev, prod, local …"
    )
    public_url: SecureUrl | None = Field(
        default=None,
        description="Where browsers reach the application, with the stage path. Unset: taken from "
        "API Gateway's request context, never from the Host header.",
    )
    logto_endpoint: SecureUrl = Field(description="The Logto tenant, e.g. https://foo.logto.app.")
    logto_app_id: str = Field(
        min_length=1, max_length=128, description="The application's id in Logto's Console."
    )
    sessions_table: str = Field(
        min_length=1, description="DynamoDB table of the sessions and sign-in attempts."
    )
    ledger_table: str = Field(
        min_length=1, description="DynamoDB table with one outcome for every code."
    )
    otp_queue_url: BaseUrl = Field(description="SQS queue between `POST /otp` and `send_otp`.")
    otp_dead_letter_queue_url: BaseUrl = Field(
        description="SQS queue for messages that can't be read."
    )
    parameter_prefix: ParameterPrefix = Field(
        description="Everything in SSM is under it, e.g. /portaria/dev."
    )
    twilio_api_url: SecureUrl | None = Field(
        default=None, description="Another base URL for Twilio's API: a region or a stand-in."
    )
    logto_scopes: str = Field(
        default="phone",
        max_length=1024,
        description="Scopes asked for besides openid, offline_access and profile, "
        "separated by spaces.",
    )
    logto_resources: str = Field(
        default="",
        max_length=2048,
        description="Indicators of the API resources in Logto's Console that access tokens are "
        "wanted for, separated by spaces.",
    )
    api_resource: str | None = Field(
        default=None,
        max_length=256,
        description="The indicator that this application has as an API resource in Logto's "
        "Console: Bearer tokens must be meant for it.",
    )
    logto_timeout_seconds: float = Field(
        default=4.0,
        gt=0,
        le=8,
        description="For each call to Logto. A cold sign-in makes three, and API Gateway "
        "gives up after 29 s.",
    )
    attempt_seconds: int = Field(
        default=600, ge=60, le=3600, description="How long a visitor may take to sign in."
    )
    session_idle_seconds: int = Field(
        default=7 * 86_400, ge=300, description="A session unused for so long is over."
    )
    session_absolute_seconds: int = Field(
        default=14 * 86_400,
        ge=300,
        description="A session this old is over, used or not; Logto's own limit is 14 days.",
    )
    revalidate_seconds: int = Field(
        default=900,
        ge=60,
        description="After so long a signed-in visitor's request asks Logto whether the user is "
        "still welcome. A session without a refresh token can't ask, and ends.",
    )
    revalidate_grace_seconds: int = Field(
        default=86_400,
        ge=0,
        description="How much longer a session lives on while Logto can't be asked.",
    )
    code_lifetime_seconds: int = Field(
        default=600,
        ge=30,
        le=MAX_CODE_LIFETIME_SECONDS,
        description="How long Logto accepts a code (its `verificationCodePolicy`); an older one is "
        "not sent. Texts say it as `{{minutes}}`.",
    )
    reconcile: bool = Field(
        default=True,
        description="Whether Twilio's message list is asked what became of a lost answer. Must be "
        "off for accounts with Message Redaction, of texts or of phone numbers: such a code then "
        "ends as `unknown`.",
    )
    sms_origin: str | None = Field(
        default=None,
        max_length=253,
        pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$",
        description="The domain of the page where codes are typed in, which is Logto's, e.g. "
        "auth.example.com. Messages then end in a line that lets phones fill the code in there and "
        "nowhere else.",
    )
    ledger_retention_seconds: int = Field(
        default=30 * 86_400, ge=3600, description="How long a code's outcome is kept."
    )
    allowed_countries: Countries = Field(
        default="",
        description="ISO codes of the countries whose numbers get codes, separated by spaces, e.g. "
        "BR PT; unset: all. Name those that your users live in: in SMS pumping, bots have codes "
        "sent to expensive numbers abroad whose owners share in the price.",
    )
    costly_numbers: bool = Field(
        default=False,
        description="Whether satellite phones, international networks (+870, +881, +882, +883 …), "
        "premium-rate and shared-cost numbers get codes. Texts to them cost many times as much.",
    )
    number_short_limit: int = Field(
        default=5,
        ge=1,
        le=MAX_NUMBER_LIMIT,
        description="Codes to one number in `NUMBER_SHORT_SECONDS`.",
    )
    number_short_seconds: int = Field(
        default=600,
        ge=1,
        le=MAX_WINDOW_SECONDS,
        description="The short window of a number's limit.",
    )
    number_long_limit: int = Field(
        default=20,
        ge=1,
        le=MAX_NUMBER_LIMIT,
        description="Codes to one number in `NUMBER_LONG_SECONDS`.",
    )
    number_long_seconds: int = Field(
        default=86_400,
        ge=1,
        le=MAX_WINDOW_SECONDS,
        description="The long window of a number's limit.",
    )
    ip_hourly_limit: int = Field(
        default=100,
        ge=0,
        description="Codes for one client's address (IPv6: /64) in a clock hour; 0: no limit. A "
        "second line only, because a client can forge it; many phones may share one address.",
    )
    country_hourly_limit: int = Field(
        default=2000,
        ge=0,
        description="Codes to one country's numbers in a clock hour; 0: no limit. With the next, "
        "the cap on what SMS pumping can cost: set both to a few times your busiest hour.",
    )
    overall_hourly_limit: int = Field(
        default=5000, ge=0, description="All codes in a clock hour; 0: no limit."
    )
    refused_number_seconds: int = Field(
        default=86_400,
        ge=0,
        le=30 * 86_400,
        description="For how long a number that Twilio refused for good (a landline, unsubscribed, "
        "invalid) gets no more codes; 0: not at all.",
    )
    limits_fail_open: bool = Field(
        default=True,
        description="Whether codes go out when the limits can't be counted, because their table "
        "or the ledger's key can't be read.",
    )
    parameters_ttl_seconds: float = Field(
        default=30.0,
        ge=0,
        le=55,
        description="How long a value read from SSM is used before it is read again.",
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="DEBUG, INFO, WARNING or ERROR.",
    )

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the environment (or `env`); an empty value counts as unset.

        Values in the file that SETTINGS_FILE names replace them. Raises SettingsError with all
        missing and wrong names together.
        """
        source = os.environ if env is None else env
        source = {**source, **_in_file(source.get("SETTINGS_FILE", ""))}
        values = {field: source.get(field.upper(), "").strip() for field in cls.model_fields}
        try:
            return cls.model_validate({field: value for field, value in values.items() if value})
        except ValidationError as error:
            # The offending value stays out of the message: it is not known to be harmless.
            problems = {
                str(problem["loc"][0]).upper(): sentence(problem)
                for problem in error.errors(include_input=False, include_url=False)
            }
            raise SettingsError(problems) from None


def _in_file(path: str) -> dict[str, str]:
    # How a plain `chalice local`, which has fixed values in .chalice/config.json, learns of the
    # sandbox's ports and providers. Where no sandbox runs there is no such file.
    try:
        text = Path(path).read_text(encoding="utf-8") if path else "{}"
    except FileNotFoundError:
        return {}
    values: dict[str, str] = json.loads(text)
    return values
