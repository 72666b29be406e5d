"""boto3 clients: one session for the process, short time-outs, bounded retries.

Clients are thread-safe and costly to make, so they live as long as the process. A call
takes 8 s at the worst, so that the few of a request end before API Gateway's 29 s.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config
from botocore.httpsession import get_cert_path

from chalicelib import __version__, tls

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

Client = TypeVar("Client", bound="BaseClient")

CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=16,
    # Each call would otherwise put the sentence on system, Python and features together twice, and
    # look at each parameter once more that the type checker has seen and AWS will see. Together
    # that was a fifth of a call's processor time.
    user_agent=f"Portaria/{__version__} Boto3/{boto3.__version__}",
    parameter_validation=False,
)


class Aws:
    """The clients, each made on first use, from the environment's region and credentials."""

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session()

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """The DynamoDB client."""
        return _with_shared_tls(self._session.client("dynamodb", config=CONFIG))

    @cached_property
    def sqs(self) -> SQSClient:
        """The SQS client."""
        return _with_shared_tls(self._session.client("sqs", config=CONFIG))

    @cached_property
    def ssm(self) -> SSMClient:
        """The SSM client."""
        return _with_shared_tls(self._session.client("ssm", config=CONFIG))


def _with_shared_tls(client: Client) -> Client:
    # botocore takes no TLS context from outside, and makes one for each client.
    http: Any = client._endpoint.http_session  # type: ignore[attr-defined]  # noqa: SLF001
    authorities = get_cert_path(http._verify)  # noqa: SLF001
    if authorities and client.meta.endpoint_url.startswith("https:"):
        http._manager.connection_pool_kw["ssl_context"] = tls.context(authorities)  # noqa: SLF001
    return client
