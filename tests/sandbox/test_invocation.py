from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.event_source import Function, LambdaContext, sqs_event
from sandbox.pump import event_source, worker
from sandbox.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

ARN = "arn:aws:sqs:us-east-1:123456789012:otp"


def test_an_event_has_the_shape_that_lambda_documents():
    message: MessageTypeDef = {
        "MessageId": "id-1",
        "ReceiptHandle": "handle",
        "Body": "{}",
        "MD5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
        "MessageAttributes": {
            "reason": {"DataType": "String", "StringValue": "because"},
            "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        },
        "MD5OfMessageAttributes": "of-attributes",
    }

    empty: dict[str, list[str]] = {"stringListValues": [], "binaryListValues": []}
    assert sqs_event([message], ARN) == {
        "Records": [
            {
                "messageId": "id-1",
                "receiptHandle": "handle",
                "body": "{}",
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
                "messageAttributes": {
                    "reason": {"stringValue": "because", "dataType": "String", **empty},
                    "raw": {"binaryValue": "AP8=", "dataType": "Binary", **empty},
                },
                "md5OfMessageAttributes": "of-attributes",
                "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
                "eventSource": "aws:sqs",
                "eventSourceARN": ARN,
                "awsRegion": "us-east-1",
            }
        ]
    }


def test_a_context_counts_down_to_the_time_out_and_not_below():
    now = 100.0
    context = LambdaContext(
        Function("send_otp", "arn", timeout_seconds=60, memory_mb=512), lambda: now
    )

    assert context.get_remaining_time_in_millis() == 60_000
    now = 159.5
    assert context.get_remaining_time_in_millis() == 500
    now = 200
    assert context.get_remaining_time_in_millis() == 0


def test_the_worker_is_sized_and_fed_as_the_deployment_says():
    environment = Settings.from_env({"AWS_PORT": "4567"}).stage_environment()

    function, source = worker(environment), event_source(environment)

    context = LambdaContext(function, lambda: 0)
    assert (function.timeout_seconds, context.memory_limit_in_mb) == (60, "512")
    assert context.function_name == "portaria-local-send_otp"
    assert context.invoked_function_arn == (
        "arn:aws:lambda:us-east-1:123456789012:function:portaria-local-send_otp"
    )
    assert source.arn == "arn:aws:sqs:us-east-1:123456789012:portaria-local-otp"
    assert source.queue_url.startswith("http://localhost:4567/")
    assert (source.batch_size, source.partial) == (10, True)
