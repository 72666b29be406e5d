"""Twilio's refusals: HTTP status, error code and sentence.

Source: https://www.twilio.com/docs/api/errors and the magic numbers of its test credentials.
"""

from __future__ import annotations

from dataclasses import dataclass

MAGIC_RECIPIENTS = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_SENDERS = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}

_SENTENCES = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    21211: "The 'To' number is not a valid phone number.",
    21212: "The 'From' number is not a valid phone number.",
    21408: "Permission to send an SMS has not been enabled for the region of the 'To' number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "The 'To' phone number is not currently reachable using the 'From' phone number",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21701: "The Messaging Service does not exist.",
}
_STATUSES = {20003: 401, 20404: 404}


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """An answer other than 2xx."""

    code: int

    @property
    def status(self) -> int:
        """The HTTP status; 400 unless Twilio has a better one."""
        return _STATUSES.get(self.code, 400)

    def as_body(self) -> dict[str, object]:
        """Give the error as Twilio's API does."""
        return {
            "code": self.code,
            "message": _SENTENCES.get(self.code, "Error"),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
