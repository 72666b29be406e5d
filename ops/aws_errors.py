"""What boto3's errors mean to an operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

from chalicelib.parameters import ABSENT, ParameterError
from ops.errors import OperatorError
from ops.errors.stage import (
    AWS_DENIED,
    AWS_REFUSED,
    AWS_UNREACHABLE,
    NO_CREDENTIALS,
    NO_REGION,
    PARAMETER_MISSING,
)

if TYPE_CHECKING:
    from ops.errors import Problem

_CREDENTIALS = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.ProfileNotFound,
    aws.SSOError,
    aws.TokenRetrievalError,
)
_REFUSED_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_ABSENT = {
    "ResourceNotFoundException",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
}


def explained(error: BaseException) -> OperatorError | None:
    """Return the operator's error for one of boto3's, or for one that it caused; else None."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ParameterError) and found.reason == ABSENT:
            return OperatorError(
                PARAMETER_MISSING,
                f"Not in SSM: {', '.join(found.names)}.",
                name=found.names[0],
            )
        if isinstance(found, aws.ClientError):
            return _answered(found)
        if isinstance(found, ResponseParserError):
            return OperatorError(AWS_UNREACHABLE, "What answered is not AWS.")
        if isinstance(found, aws.BotoCoreError):
            return _unanswered(found)
        found = found.__cause__
    return None


def is_denied(error: BaseException) -> bool:
    """Return whether AWS does not allow a call."""
    return isinstance(error, aws.ClientError) and error.response["Error"]["Code"] in _DENIED


def is_absent(error: aws.ClientError) -> bool:
    """Return whether a table, a queue or a function does not exist."""
    return error.response["Error"]["Code"] in _ABSENT


def _answered(error: aws.ClientError) -> OperatorError:
    name = error.response["Error"]["Code"]
    problem = AWS_REFUSED
    if name in _REFUSED_CREDENTIALS:
        problem = NO_CREDENTIALS
    elif name in _DENIED:
        problem = AWS_DENIED
    return OperatorError(problem, f"AWS answered {error.operation_name} with {name}.")


def _unanswered(error: aws.BotoCoreError) -> OperatorError:
    if isinstance(error, aws.NoRegionError):
        return OperatorError(NO_REGION)
    problem: Problem = AWS_REFUSED
    if isinstance(error, _CREDENTIALS):
        problem = NO_CREDENTIALS
    elif isinstance(error, (aws.HTTPClientError, aws.ConnectionError)):
        problem = AWS_UNREACHABLE
    # Its text names addresses, profiles and files, and no credential.
    return OperatorError(problem, f"{error}")
