"""What the checks look at: a stage, and what several of them need, asked for once."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.otp.errors import SenderMisconfigured
from chalicelib.otp.twilio.account import TwilioAccount
from ops.addresses import Addresses
from ops.doctor.once import Once
from ops.http_api import Answer, call
from ops.logto.client import Logto, public_sign_in_experience
from ops.logto.resources import Application, Connector, Credential
from ops.moments import utc
from ops.parameters import MANAGEMENT, TEMPLATES, TWILIO, read
from ops.stack import PREFIX
from ops.twilio import Twilio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chalicelib.settings import Settings
    from ops.parameters import Parameter
    from ops.stage import Stage

T = TypeVar("T")


class NotAsked(Exception):
    """A check can't be asked; the text says why."""


class Context:
    """One stage under examination; safe to use from several threads.

    `client` makes a boto3 client by its service's name. `clock` is in seconds since the epoch.
    Whatever is asked for by several checks is asked for once; each of them gets the same error.
    Raises NotAsked where something is missing that another check is about, the errors of boto3
    and ApiError.
    """

    def __init__(
        self,
        stage: Stage,
        *,
        client: Callable[[str], Any] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.stage = stage
        self.clock = clock
        self._make_client = client or stage.client
        self._making = threading.Lock()
        self._once = Once()

    @property
    def today(self) -> datetime:
        """The present moment."""
        return utc(self.clock())

    @property
    def settings(self) -> Settings:
        """The product's settings. Raises OperatorError."""
        return self.once("settings", lambda: self.stage.settings)

    @property
    def prefix(self) -> str:
        """PARAMETER_PREFIX."""
        return self.settings.parameter_prefix

    @property
    def stack_name(self) -> str:
        """The name of the stage's stack."""
        return f"{PREFIX}{self.stage.name}"

    def need_deployment(self) -> None:
        """Raise NotAsked for the sandbox, which lacks some of what AWS has."""
        if self.stage.is_local:
            raise NotAsked("not in the sandbox")

    def client(self, service: str) -> Any:
        """Return a boto3 client; making one is not for several threads at once."""

        def make() -> Any:
            with self._making:
                return self._make_client(service)

        return self.once(f"client {service}", make)

    def table(self, name: str) -> Mapping[str, Any]:
        """Return a table's description."""
        found: Mapping[str, Any] = self.once(
            f"table {name}",
            lambda: self.client("dynamodb").describe_table(TableName=name)["Table"],
        )
        return found

    def queue(self, url: str) -> Mapping[str, str]:
        """Return a queue's attributes."""
        found: Mapping[str, str] = self.once(
            f"queue {url}",
            lambda: self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
                "Attributes"
            ],
        )
        return found

    def resource(self, logical_id: str) -> str:
        """Return the name that CloudFormation gave a resource of the stack."""
        found = self.once("resources", self._resources).get(logical_id)
        if found is None:
            raise NotAsked(f"the stack has no {logical_id}")
        return found

    @property
    def worker(self) -> Mapping[str, Any]:
        """The worker function's configuration."""
        return self.function("SendOtp")

    def function(self, logical_id: str) -> Mapping[str, Any]:
        """Return the configuration of one of the stack's functions."""
        name = self.resource(logical_id)
        found: Mapping[str, Any] = self.once(
            f"function {name}",
            lambda: self.client("lambda").get_function_configuration(FunctionName=name),
        )
        return found

    @property
    def event_sources(self) -> list[Mapping[str, Any]]:
        """The event sources of the worker."""
        name = self.resource("SendOtp")
        found: list[Mapping[str, Any]] = self.once(
            "event sources",
            lambda: self.client("lambda").list_event_source_mappings(FunctionName=name)[
                "EventSourceMappings"
            ],
        )
        return found

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Everything in SSM under the prefix, by its name below it."""
        return self.once("parameters", lambda: read(self.client("ssm"), self.prefix))

    @property
    def texts(self) -> Mapping[str, str]:
        """The texts by usage type and locale, e.g. "SignIn/pt-BR"."""
        return {
            name.removeprefix(TEMPLATES): each.value
            for name, each in self.parameters.items()
            if name.startswith(TEMPLATES)
        }

    def secret(self, name: str) -> str:
        """Return a parameter's value. Raises NotAsked where it is missing."""
        found = self.parameters.get(name)
        if found is None:
            raise NotAsked(f"{name} is not in SSM")
        return found.value

    @property
    def public_url(self) -> str:
        """The application's address. Raises NotAsked where nothing says it."""
        url = self.settings.public_url or self.stage.outputs.get("PublicUrl")
        if not url:
            raise NotAsked("PUBLIC_URL is not set")
        return url.rstrip("/")

    @property
    def addresses(self) -> Addresses:
        """Our addresses, as Logto has to know them. Raises NotAsked like `public_url`."""
        return Addresses(self.public_url)

    @property
    def logto(self) -> Logto:
        """The Management API. Raises NotAsked without a credential."""
        text = self.secret(MANAGEMENT)
        try:
            credential = Credential.from_json(text)
        except ValueError:
            raise NotAsked(f"{MANAGEMENT} can't be read") from None
        return self.once("logto", lambda: Logto(self.settings.logto_endpoint, credential))

    @property
    def metadata(self) -> Answer:
        """Logto's answer with its OpenID Connect metadata."""
        endpoint = self.settings.logto_endpoint.rstrip("/")
        url = f"{endpoint}/oidc/.well-known/openid-configuration"
        return self.once("metadata", lambda: call("Logto", "GET", url))

    @property
    def application(self) -> Application:
        """Our application at Logto."""
        app_id = self.settings.logto_app_id
        return self.once("application", lambda: self.logto.application(app_id))

    @property
    def connector(self) -> Connector | None:
        """The tenant's SMS connector."""
        return self.once("connector", self.logto.sms_connector)

    @property
    def experience(self) -> Mapping[str, Any]:
        """What of the sign-in experience everybody may see."""
        endpoint = self.settings.logto_endpoint
        return self.once("experience", lambda: public_sign_in_experience(endpoint))

    def read_twilio_account(self) -> TwilioAccount:
        """Return the parameter `twilio`. Raises SenderMisconfigured where it can't be read."""
        return TwilioAccount.from_json(self.secret(TWILIO))

    @property
    def twilio_account(self) -> TwilioAccount:
        """The parameter `twilio`. Raises NotAsked where it can't be read."""
        try:
            return self.read_twilio_account()
        except SenderMisconfigured as error:
            raise NotAsked(str(error)) from None

    @property
    def twilio(self) -> Twilio:
        """Twilio's account APIs."""
        account, url = self.twilio_account, self.settings.twilio_api_url
        return self.once("twilio", lambda: Twilio(account.account_sid, account.auth_token, url))

    def once(self, name: str, ask: Callable[[], T]) -> T:
        """Return what `ask` returned, or raise what it raised, when `name` was first asked for."""
        return self._once(name, ask)

    def forget(self) -> None:
        """Ask for everything again, after changes."""
        self._once = Once()

    def _resources(self) -> dict[str, str]:
        self.need_deployment()
        pages = (
            self.client("cloudformation")
            .get_paginator("list_stack_resources")
            .paginate(StackName=self.stack_name)
        )
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
            if "PhysicalResourceId" in each
        }
