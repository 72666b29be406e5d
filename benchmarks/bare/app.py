"""The floor: what a bare Chalice application takes for the same work, without any care for it."""

import json
import os
import uuid

import boto3
from chalice import Chalice

app = Chalice(app_name="bare")
dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")
LEDGER, QUEUE = os.environ.get("LEDGER_TABLE"), os.environ.get("OTP_QUEUE_URL")


@app.route("/")
def page():
    """One item, and a page."""
    dynamodb.get_item(
        TableName=os.environ["SESSIONS_TABLE"], Key={"id": {"S": "session"}}, ConsistentRead=True
    )
    return "<html><body>Hello</body></html>"


@app.route("/otp", methods=["POST"])
def otp():
    """One message to the queue."""
    sqs.send_message(QueueUrl=QUEUE, MessageBody=json.dumps(app.current_request.json_body))
    return {}


@app.route("/otp/limited", methods=["POST"])
def limited_otp():
    """The same after four counters: as many calls as the product makes."""
    for _ in range(4):
        update(uuid.uuid4().hex)
    return otp()


@app.on_sqs_message(queue="otp", name="send_otp")
def send_otp(event):
    """One item for each message."""
    for _ in event:
        update(uuid.uuid4().hex)


def update(key):
    """Write an item."""
    dynamodb.update_item(
        TableName=LEDGER,
        Key={"id": {"S": key}},
        UpdateExpression="ADD n :one SET expires_at = :at",
        ExpressionAttributeValues={":one": {"N": "1"}, ":at": {"N": "2000000000"}},
    )


@app.on_sqs_message(queue="otp", name="send_text")
def send_text(event):
    """One after the other, with as many calls as the product makes, and Twilio's SDK."""
    from twilio.rest import Client

    client = Client()  # from the environment
    client.api.base_url = os.environ["TWILIO_API_URL"]
    for record in event:
        dynamodb.batch_get_item(RequestItems={LEDGER: {"Keys": [{"id": {"S": uuid.uuid4().hex}}]}})
        for _ in range(4):
            update(uuid.uuid4().hex)
        client.messages.create(
            to="+" + json.loads(record.body)["to"], from_="+15005550006", body="Your code"
        )
