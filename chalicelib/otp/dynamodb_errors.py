"""What a failing DynamoDB means to whoever keeps the ledger in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.otp.errors import LedgerUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def ledger_errors() -> Iterator[None]:
    """Turn every failure of boto3's inside into LedgerUnavailable, with AWS's name for it."""
    try:
        yield
    except ClientError as error:
        raise LedgerUnavailable(error.response.get("Error", {}).get("Code", "unknown")) from error
    except BotoCoreError as error:
        raise LedgerUnavailable(type(error).__name__) from error
