"""Twilio's account APIs, as the operator's command line needs them.

    twilio = Twilio(account_sid, auth_token, settings.twilio_api_url)
    twilio.account()
    service = twilio.create_service("Portaria")
    twilio.add_sender(service.sid, number.sid)

Every method raises `ops.http_api.ApiError`, whose `code` is Twilio's: "20003" with status 401 where
the credentials are wrong, "20404" where there is nothing of that SID. Lists are read to their end.

Twilio's SDK is not used: it hides the code of a refused list, loads hundreds of modules, and its
client must not be shared by threads.
Sources: https://www.twilio.com/docs/iam/api/account,
https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource,
https://www.twilio.com/docs/messaging/api/service-resource,
https://www.twilio.com/docs/messaging/api/phonenumber-resource,
https://www.twilio.com/docs/messaging/api/alphasender-resource,
https://www.twilio.com/docs/messaging/api/message-resource,
https://www.twilio.com/docs/usage/api/usage-record, for the balance
https://support.twilio.com/hc/en-us/articles/360025294494 and, for the geographic permissions,
Twilio's SDK (`accounts.v1.messaging_geopermissions`).
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from ops.http_api import Basic, Parsed, call, parsed, unreadable
from ops.twilio_resources import Account, MessageStatus, MessagingService, Money, Number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

API_URL = "https://api.twilio.com"
_SERVICE = "Twilio"
_VERSION = "2010-04-01"
_PAGE_SIZE = 100
_TWILIOS_HOST = re.compile(r"api((?:\.[a-z0-9-]+)*\.twilio\.com)", re.ASCII)


class Twilio:
    """One account; safe to use from several threads.

    `api_url` is the setting TWILIO_API_URL: another region's address, or a stand-in's, which
    answers for Twilio's other hosts too.
    """

    def __init__(self, account_sid: str, auth_token: str, api_url: str | None = None) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._api = (api_url or API_URL).rstrip("/")

    def __repr__(self) -> str:
        """Return whose it is, without the Auth Token."""
        return f"Twilio({self._account_sid!r}, api_url={self._api!r})"

    def account(self) -> Account:
        """Return the account, which shows whether the credentials are right."""
        return _one(Account.from_json, self._call("GET", f"{self._account_url}.json"))

    def token_is_primary(self) -> bool:
        """Return whether our Auth Token is the account's primary one, which signs callbacks."""
        found = self._call("GET", f"{self._account_url}.json").get("auth_token")
        return hmac.compare_digest(str(found or "").encode(), self._auth_token.encode())

    def latest_is_redacted(self) -> bool | None:
        """Return whether the latest message's text or number is hidden; None without a message.

        With Message Redaction `body` is empty, or the number's last digits are replaced.
        """
        url = f"{self._account_url}/Messages.json"
        found = _list(self._call("GET", url, params={"PageSize": 1}), "messages")
        if not found:
            return None
        body, to = found[0].get("body"), str(found[0].get("to") or "")
        return not body or not to.removeprefix("+").isdigit()

    def numbers(self) -> list[Number]:
        """Return the account's numbers."""
        url = f"{self._account_url}/IncomingPhoneNumbers.json"
        return [_one(Number.from_json, each) for each in self._all("incoming_phone_numbers", url)]

    def services(self) -> list[MessagingService]:
        """Return the messaging services; names are not unique."""
        found = self._all("services", self._services_url)
        return [_one(MessagingService.from_json, each) for each in found]

    def create_service(self, name: str) -> MessagingService:
        """Create a messaging service for verification codes, which sends from no number yet."""
        form = {"FriendlyName": name, "Usecase": "verification"}
        return _one(MessagingService.from_json, self._call("POST", self._services_url, data=form))

    def senders(self, service_sid: str) -> list[Number]:
        """Return the numbers that a messaging service sends from."""
        found = self._all("phone_numbers", self._senders_url(service_sid))
        return [_one(Number.from_json, each) for each in found]

    def names_and_short_codes(self, service_sid: str) -> int:
        """Return how many senders a messaging service has that are no numbers."""
        service = f"{self._services_url}/{quote(service_sid, safe='')}"
        lists = (("alpha_senders", "AlphaSenders"), ("short_codes", "ShortCodes"))
        return sum(len(list(self._all(key, f"{service}/{path}"))) for key, path in lists)

    def add_sender(self, service_sid: str, number_sid: str) -> Number:
        """Let a messaging service send from a number.

        409 with 21710 where it does already, with 21712 where another service does: a number is in
        one pool at most. 21715 where the number sends no texts.
        """
        form = {"PhoneNumberSid": number_sid}
        answer = self._call("POST", self._senders_url(service_sid), data=form)
        return _one(Number.from_json, answer)

    def permitted_countries(self) -> frozenset[str]:
        """Return the countries (ISO 3166, two letters) that texts may go to."""
        url = f"{self.host('accounts')}/v1/Messaging/GeoPermissions"
        found = _list(self._call("GET", url), "permissions")
        return frozenset(_one(_country, each) for each in found if each.get("enabled") is True)

    def refused_countries(self, allowed: str) -> list[str]:
        """Return those of ALLOWED_COUNTRIES that texts may not go to."""
        return sorted(set(allowed.split()) - self.permitted_countries())

    def message_status(self, sid: str) -> MessageStatus:
        """Return how far a message has come."""
        url = f"{self._account_url}/Messages/{quote(sid, safe='')}.json"
        return _one(MessageStatus.from_json, self._call("GET", url))

    def delete_message(self, sid: str) -> None:
        """Delete a message with its text and number; 404 with 20404 where there is none.

        20009 where it is under way: Twilio deletes one only minutes after its last status, and in
        rare cases days after it (https://www.twilio.com/docs/api/errors/20009).
        """
        self._ask("DELETE", f"{self._account_url}/Messages/{quote(sid, safe='')}.json")

    def balance(self) -> Money:
        """Return what is left on the account. A subaccount has no balance of its own (404)."""
        return _one(Money.from_balance, self._call("GET", f"{self._account_url}/Balance.json"))

    def spent_today(self) -> Money | None:
        """Return the price of the account's outbound texts since midnight UTC; None before any.

        All senders of the account are in it, and the carriers' fees are not.
        """
        url = f"{self._account_url}/Usage/Records/Today.json"
        found = self._call("GET", url, params={"Category": "sms-outbound"})
        records = _list(found, "usage_records")
        return _one(Money.from_usage, records[0]) if records else None

    def host(self, product: str) -> str:
        """Return the address of another of Twilio's hosts in the same region."""
        host = _TWILIOS_HOST.fullmatch(urlsplit(self._api).netloc)
        return f"https://{product}{host[1]}" if host else self._api

    @property
    def _account_url(self) -> str:
        return f"{self._api}/{_VERSION}/Accounts/{quote(self._account_sid, safe='')}"

    @property
    def _services_url(self) -> str:
        return f"{self.host('messaging')}/v1/Services"

    def _senders_url(self, service_sid: str) -> str:
        return f"{self._services_url}/{quote(service_sid, safe='')}/PhoneNumbers"

    def _all(self, key: str, url: str) -> Iterator[Any]:
        """Yield a list's entries; the older APIs name the next page by its path."""
        first, after, query = url, url, {"PageSize": _PAGE_SIZE}
        while after:
            page = self._call("GET", after, params=query)
            yield from _list(page, key)
            given = (page.get("meta") or {}).get("next_page_url") or page.get("next_page_uri")
            after, query = urljoin(first, given) if given else "", {}
            if after and urlsplit(after)[:2] != urlsplit(first)[:2]:
                raise unreadable(_SERVICE)  # the credentials are for this host alone

    def _call(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        body = self._ask(method, url, **more)
        if not isinstance(body, dict):
            raise unreadable(_SERVICE)
        return body

    def _ask(self, method: str, url: str, **more: Any) -> Any:
        basic = Basic(self._account_sid, self._auth_token)
        return call(_SERVICE, method, url, basic, hidden=(self._auth_token,), **more).body


def _one(parse: Callable[[Mapping[str, Any]], Parsed], given: Any) -> Parsed:
    return parsed(_SERVICE, parse, given)


def _country(given: Mapping[str, Any]) -> str:
    return str(given["country_code"])


def _list(given: Mapping[str, Any], key: str) -> list[Any]:
    found = given.get(key)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise unreadable(_SERVICE)
    return found
