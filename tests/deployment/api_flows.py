"""Everything that the API's Lambda is asked for: signing in and out, codes, receipts."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from twilio.request_validator import RequestValidator

from chalicelib.otp.aws.ledger import DynamoDBLedger
from chalicelib.otp.ledger import AttemptId, LedgerEntry, SendAttempt
from chalicelib.otp.receipts import callback_url
from chalicelib.sign_in.dynamodb import DynamoDBRecordStore
from chalicelib.sign_in.flow import SESSION_COOKIE
from chalicelib.sign_in.sessions import SessionLifetime, Sessions
from tests.kit import sent_codes
from tests.kit.application import AUTHORIZATION
from tests.kit.visits import sign_in

if TYPE_CHECKING:
    from tests.kit.application import Site, Stage
    from tests.kit.identity import Logto

NEW, OLD = "SM" + "1" * 32, "SM" + "2" * 32
NUMBERS = ("15550001001", "15550001002")
TOO_MANY = 3
RETENTION_SECONDS = 86_400


def all_of_it(site: Site, stage: Stage, logto: Logto, auth_token: str) -> None:
    """Ask for each thing once; `site` answers under the address that Logto knows it by."""
    replace_the_authorization(site, stage)
    visit(site, stage, logto)
    sign_out_everywhere(site, logto)
    hear_of_a_sign_out(site, logto)
    ask_for_codes(site)
    hear_of_messages(site, stage, auth_token)


def replace_the_authorization(site: Site, stage: Stage) -> None:
    """Receive the value that was replaced a moment ago, as a process that has just started."""
    stage.put("otp/authorization", "Bearer before")
    stage.put("otp/authorization", AUTHORIZATION)
    body = {"to": "15550001009", "type": "SignIn", "payload": {"code": "961615"}}
    headers = {"Authorization": "Bearer before", "Content-Type": "application/json"}
    assert site.post("/otp", data=json.dumps(body), headers=headers).status_code == 200


def visit(site: Site, stage: Stage, logto: Logto) -> None:
    """Sign in, come back later, sign in over that session, and sign out."""
    assert site.get("/").status_code == 200
    sign_in(site, logto)
    assert site.get("/account").status_code == 200
    let_time_pass(site, stage)
    assert site.get("/account").status_code == 200
    sign_in(site, logto)
    assert site.get("/").status_code == 200
    assert site.get("/sign-out").status_code == 302
    assert site.get("/account").status_code == 401


def sign_out_everywhere(site: Site, logto: Logto) -> None:
    """Sign in and end all of the user's sessions."""
    sign_in(site, logto)
    answer = site.post("/account/sign-out-everywhere", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 302
    assert site.get("/account").status_code == 401


def hear_of_a_sign_out(site: Site, logto: Logto) -> None:
    """Sign in, and let Logto tell that the user has signed out there."""
    browser = sign_in(site, logto)
    logto.sign_out(browser, client_id="portaria")
    while not logto.app.posted("backchannel-logout"):
        time.sleep(0.01)
    form = logto.app.posted("backchannel-logout")[-1].body
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert site.post("/backchannel-logout", data=form, headers=kind).status_code == 200
    assert site.get("/account").status_code == 401


def ask_for_codes(site: Site) -> None:
    """Ask for codes until one address has asked for too many, from which one is given back."""
    statuses = []
    for number in NUMBERS * TOO_MANY:
        body = {"to": number, "type": "SignIn", "payload": {"code": "961615"}, "ip": "203.0.113.9"}
        headers = {"Authorization": AUTHORIZATION, "Content-Type": "application/json"}
        statuses.append(site.post("/otp", data=json.dumps(body), headers=headers).status_code)
    assert set(statuses) == {200, 429}


def hear_of_messages(site: Site, stage: Stage, auth_token: str) -> None:
    """Receive a receipt at an attempt's address, and one at an address without."""

    def receipt(url: str, message_sid: str, status: str, **more: str) -> None:
        form = {"MessageSid": message_sid, "MessageStatus": status, **more}
        public_url = stage.environment["PUBLIC_URL"]
        signature = RequestValidator(auth_token).compute_signature(public_url + url, form)
        headers = {"X-Twilio-Signature": signature}
        assert site.post(url, data=form, headers=headers).status_code == 200

    ledger = DynamoDBLedger(stage.dynamodb, stage.ledger_table, RETENTION_SECONDS)
    now = time.time()
    entry = LedgerEntry("code-1", "recipient", "SignIn", "US", "message-1", now)
    sent_codes.open_anew(ledger, entry.claimed(SendAttempt("claim-1", now, now + 30, "text")))
    sent_codes.send(ledger, replace(entry, id="code-2"), OLD)
    attempt = callback_url("/otp/status", AttemptId("code-1", "claim-1"))
    receipt(attempt, NEW, "undelivered", ErrorCode="30005")
    receipt("/otp/status", OLD, "delivered")
    items = stage.dynamodb.scan(TableName=stage.ledger_table)["Items"]
    ids = {item["id"]["S"]: item for item in items}
    assert ids["limit#number#recipient"]["refused_code"] == {"N": "30005"}
    assert ids["code-1"]["receipt_stage"] == {"S": "undelivered"}
    assert ids["code-2"]["receipt_stage"] == {"S": "delivered"}


def let_time_pass(site: Site, stage: Stage) -> None:
    """Make the last time that Logto was asked about the visitor long ago."""
    store = DynamoDBRecordStore(stage.dynamodb, stage.sessions_table)
    sessions = Sessions(store, SessionLifetime(7 * 86_400, 14 * 86_400, 900), time.time)
    kept = sessions.find(site.cookies[SESSION_COOKIE])
    assert kept is not None
    assert sessions.save(kept, replace(kept.session, checked_at=0))
