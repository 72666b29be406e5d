"""Twilio's refusals: HTTP status, error code and sentence.

The sentences quote what was wrong, full numbers too, as Twilio's do: they must not be logged.
Source: https://www.twilio.com/docs/api/errors.
"""

from __future__ import annotations

_SENTENCES = {
    20001: "Parameter '{}' is not valid",
    20003: "Authenticate",
    20009: "Cannot delete message because delivery has not been completed.",
    20404: "The requested resource {} was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    20503: "Service unavailable",
    21211: "The 'To' number {} is not a valid phone number.",
    21212: "The 'From' number {} is not a valid phone number, shortcode, or alphanumeric "
    "sender ID.",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' "
    "number: {}.",
    21421: "PhoneNumber {} is not a valid number.",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided ({}) is not a valid message-capable Twilio phone "
    "number for this destination.",
    21609: "The 'StatusCallback' URL {} is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number {} has exceeded the maximum number of queued messages",
    21612: "The 'To' phone number: {}, is not currently reachable via SMS or MMS",
    21614: "To number: {}, is not a mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21624: "The ValidityPeriod value {} is invalid",
    21701: "The Messaging Service does not exist.",
    21704: "The Messaging Service contains no phone numbers.",
    21705: "The Messaging Service Sid {} is invalid.",
    21710: "Phone Number or Short Code is already in the Messaging Service.",
    21712: "Phone Number or Short Code is associated with another Messaging Service.",
    21715: "Phone Number does not have correct Messaging Service capabilities.",
}
_STATUSES = {20003: 401, 20009: 409, 20404: 404, 21710: 409, 21712: 409}


class Refusal(Exception):
    """A request that Twilio refuses; `about` is what was wrong in it."""

    def __init__(self, code: int, about: str = "") -> None:
        self.code = code
        self.status = _STATUSES.get(code, 400)
        self.about = about
        super().__init__(code)

    def as_body(self) -> dict[str, object]:
        """Return the error as Twilio's API does."""
        return error_body(self.code, self.status, self.about)


def error_body(code: int, status: int, about: str = "") -> dict[str, object]:
    """Return the JSON of an error answer."""
    return {
        "code": code,
        "message": _SENTENCES.get(code, "Error").format(about),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
