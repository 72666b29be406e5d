"""Twilio's Messages API: create, list and fetch, for one account.

Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import hmac
import re
import socket
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from sandbox.phone.errors import MAGIC_RECIPIENTS, MAGIC_SENDERS, Refusal
from sandbox.phone.messages import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.datastructures import MultiDict

    from sandbox.phone.carrier import Carrier
    from sandbox.phone.faults import Fault, Faults
    from sandbox.phone.messages import Messages
    from sandbox.phone.settings import PhoneSettings

ACCOUNT = "/2010-04-01/Accounts/<account_sid>"
MAX_BODY_LENGTH = 1600
MAX_VALIDITY_SECONDS = 36_000
MAX_PAGE_SIZE = 1000
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def blueprint(
    settings: PhoneSettings, messages: Messages, carrier: Carrier, faults: Faults
) -> Blueprint:
    """Give the API's routes."""
    routes = Blueprint("api", __name__)

    @routes.before_request
    def authenticate() -> None:
        given = request.authorization
        if given is None or not (
            hmac.compare_digest(given.username or "", settings.account_sid)
            and hmac.compare_digest(given.password or "", settings.auth_token)
        ):
            raise Refusal(20003)
        if (request.view_args or {}).get("account_sid") != settings.account_sid:
            raise Refusal(20404)

    @routes.errorhandler(Refusal)
    def refuse(refusal: Refusal) -> tuple[Response, int]:
        settings.report(f"refused: {refusal.code}")
        return jsonify(refusal.as_body()), refusal.status

    @routes.post(f"{ACCOUNT}/Messages.json")
    def create(account_sid: str) -> Any:
        del account_sid
        fault = faults.next()
        if fault is not None and not fault.accepts:
            return _broken(fault)
        message = _message(request.form, settings, messages.clock())
        messages.add(message)
        carrier.carry(message)
        settings.report(f"message for …{message.to[-4:]} accepted")
        return _broken(fault) if fault else (jsonify(message.as_resource()), 201)

    @routes.get(f"{ACCOUNT}/Messages.json")
    def list_messages(account_sid: str) -> Response:
        del account_sid
        found = messages.newest_first(_filter(request.args))
        size = min(request.args.get("PageSize", 50, int), MAX_PAGE_SIZE)
        page = request.args.get("Page", 0, int)
        start = page * size
        more = len(found) > start + size
        return jsonify(
            {
                "messages": [m.as_resource() for m in found[start : start + size]],
                "page": page,
                "page_size": size,
                "start": start,
                "end": min(start + size, len(found)) - 1,
                "uri": request.full_path,
                "first_page_uri": _page_uri(0),
                "previous_page_uri": _page_uri(page - 1) if page else None,
                "next_page_uri": _page_uri(page + 1) if more else None,
            }
        )

    @routes.get(f"{ACCOUNT}/Messages/<sid>.json")
    def fetch(account_sid: str, sid: str) -> Response:
        del account_sid
        message = messages.get(sid)
        if message is None:
            raise Refusal(20404)
        return jsonify(message.as_resource())

    return routes


def _message(form: MultiDict[str, str], settings: PhoneSettings, now: float) -> Message:
    to, body = form.get("To", ""), form.get("Body", "")
    sender, service = form.get("From"), form.get("MessagingServiceSid")
    validity = form.get("ValidityPeriod", MAX_VALIDITY_SECONDS, int)
    for wrong, code in (
        (not to, 21604),
        (not sender and not service, 21603),
        (not body, 21602),
        (len(body) > MAX_BODY_LENGTH, 21617),
        (to in MAGIC_RECIPIENTS, MAGIC_RECIPIENTS.get(to, 0)),
        (not _E164.fullmatch(to), 21211),
        (service and service not in settings.messaging_service_sids, 21701),
        (sender in MAGIC_SENDERS, MAGIC_SENDERS.get(sender or "", 0)),
        (sender and not service and sender not in settings.numbers, 21606),
        (not 1 <= validity <= MAX_VALIDITY_SECONDS, 21621),
    ):
        if wrong:
            raise Refusal(code)
    return Message(
        account_sid=settings.account_sid,
        to=to,
        body=body,
        sender=sender,
        messaging_service_sid=service,
        created_at=now,
        status="accepted" if service else "queued",
        validity_seconds=validity,
        status_callback=form.get("StatusCallback"),
    )


def _broken(fault: Fault) -> Any:
    if fault.kind == "reset_after_accept":
        # Hanging up under the server is how a lost answer looks to the client.
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return Response(status=200)
    if fault.kind == "garbage":
        return Response("<html>", status=201, content_type="text/html")
    headers = {}
    if fault.retry_after_seconds is not None:
        headers["Retry-After"] = str(fault.retry_after_seconds)
    body = {"code": fault.code, "message": "Error", "more_info": "", "status": fault.status}
    return jsonify(body), fault.status, headers


def _filter(args: MultiDict[str, str]) -> Callable[[Message], bool]:
    to, sender = args.get("To"), args.get("From")
    since, until = _period(args)

    def wanted(message: Message) -> bool:
        moment = datetime.fromtimestamp(message.created_at, UTC)
        return (
            (to is None or message.to == to)
            and (sender is None or message.sender == sender)
            and (since is None or moment >= since)
            and (until is None or moment < until)
        )

    return wanted


def _period(args: MultiDict[str, str]) -> tuple[datetime | None, datetime | None]:
    """Read DateSent, `DateSent>` and `DateSent<`: a day in UTC, or a moment."""
    day = args.get("DateSent")
    if day:
        start = _moment(day)
        return start, start + timedelta(days=1)
    after, before = args.get("DateSent>"), args.get("DateSent<")
    return (_moment(after) if after else None), (_moment(before) if before else None)


def _moment(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = datetime.combine(date.fromisoformat(text[:10]), datetime.min.time())
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _page_uri(page: int) -> str:
    query = {**request.args.to_dict(), "Page": str(page)}
    return f"{request.path}?{urlencode(query)}"
