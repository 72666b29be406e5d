"""The SMS connector by the Management API, against what Logto answered, and where codes go."""

from __future__ import annotations

import html
import json
from typing import Any

import requests

from tests.kit.identity import AUTHORIZATION, Logto, new_phone, running_logto
from tests.kit.recordings import as_recorded, recorded

HTTP = recorded("management-connector-http-sms")
TWILIO = recorded("management-connector-twilio")
WHATSAPP = recorded("management-connector-whatsapp")
CONNECTORS = "/api/connectors"
ON_THEIR_OWN = {"own_id", "delete", "send_without_connector", "sign_in_exp_without_connector"}
PICTURES = ("logo", "logoDark", "readme")


def compare(response: requests.Response, recording: dict[str, Any], **ids: str) -> None:
    """Check an answer; `ids` are the test's own, by those of the recording."""
    text = response.text
    for recorded_id, own_id in ids.items():
        text = text.replace(own_id, recorded_id)
    expected = recording["answer"]
    assert response.status_code == recording["status"]
    assert as_recorded(expected, json.loads(text) if text else "") == expected


def present(logto: Logto) -> dict[str, Any]:
    (connector,) = logto.manage("GET", CONNECTORS).json()
    return dict(connector)


def requested_code(logto: Logto) -> requests.Response:
    browser = logto.browser()
    logto.authorize(browser)
    return browser.post("/sign-in", data={"phone": new_phone()})


def test_every_recorded_request_about_http_sms_is_answered_as_it_was():
    with running_logto(empty=True) as logto:
        logto.manage("POST", CONNECTORS, HTTP["dup_http"]["body"])
        here = {"localhost:9900/sms": f"{logto.app.url}/otp".removeprefix("http://")}
        here |= {"localhost:9979": "localhost:1", "127.0.0.1:9979": "127.0.0.1:1"}
        for name, recording in HTTP.items():
            if name in ON_THEIR_OWN:
                continue
            method, path = recording["request"].split()
            body = json.dumps(recording.get("body"))
            for there, own in here.items():
                body = body.replace(there, own)
            body = body.replace("localhost:9900/bad", here["localhost:9900/sms"])
            logto.app.answer = (503, "{}", {}) if name == "test_503" else (200, "", {})
            own_id = present(logto)["id"]
            path = path.replace("eud6hiwru1d0", own_id)

            response = logto.manage(method, path, json.loads(body))

            before = HTTP["list_http"]["answer"][0]["id"]
            after = HTTP["dup_http"]["answer"]["id"]
            there = before if name == "list_http" else after
            compare(response, recording, **here, **{there: present(logto)["id"]})


def test_an_id_of_ones_own_may_be_given(own_logto: Logto):
    answer = own_logto.manage("POST", CONNECTORS, HTTP["own_id"]["body"])

    assert (answer.status_code, answer.json()["id"]) == (HTTP["own_id"]["status"], "portariasms1")
    assert present(own_logto)["id"] == "portariasms1"


def test_a_new_connector_of_any_kind_silently_takes_the_place_of_the_old_one():
    with running_logto(empty=True) as logto:

        def step(name: str, **ids: str) -> str:
            recording = TWILIO[name]
            method, path = recording["request"].split()
            for there, own in ids.items():
                path = path.replace(there, own)
            response = logto.manage(method, path, recording["body"])
            if response.status_code == 200 and method == "POST":
                ids[recording["answer"]["id"]] = response.json()["id"]
            compare(response, recording, **ids)
            now: str = present(logto)["id"]
            return now

        logto.manage("POST", CONNECTORS, HTTP["dup_http"]["body"])
        step("missing_template")
        first = step("create_twilio_while_http")
        step("list_twilio", vi08exap4dwn=first)
        second = step("duplicate_twilio")
        step("get_one", msgqvzq3u71k=second)
        step("patch_partial", msgqvzq3u71k=second)
        step("patch_full", msgqvzq3u71k=second)
        step("list_full", msgqvzq3u71k=second)
        last = step("create_http_while_twilio")
        step("list_http", wpn06ihxto5k=last)

        assert len({first, second, last}) == 3


def test_whatsapps_connector_needs_a_template_for_each_type(own_logto: Logto):
    recording = WHATSAPP["missing_templates"]
    compare(own_logto.manage("POST", CONNECTORS, recording["body"]), recording)
    expected = WHATSAPP["list"]["answer"][0]
    own_logto.manage(
        "POST",
        CONNECTORS,
        {"connectorId": expected["connectorId"], "config": expected["config"]},
    )

    given = present(own_logto) | {"id": expected["id"]}
    assert without_pictures(given) == without_pictures(expected)


def without_pictures(connector: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in connector.items() if name not in PICTURES}


def test_the_kinds_of_connectors_are_the_recorded_ones(own_logto: Logto):
    given = own_logto.manage("GET", "/api/connector-factories").json()
    expected = [*recorded("management-connector-factories")["answer"], WHATSAPP["factory"]]

    assert [without_pictures(each) for each in given] == [
        without_pictures(each) for each in expected
    ]


def test_codes_go_where_the_connector_says_with_what_it_says(own_logto: Logto):
    path = f"{CONNECTORS}/{present(own_logto)['id']}"
    requested_code(own_logto)
    config = {"endpoint": f"{own_logto.app.url}/elsewhere", "authorization": "Bearer new"}
    own_logto.manage("PATCH", path, {"config": config})
    requested_code(own_logto)
    # PATCH replaces the configuration whole.
    own_logto.manage("PATCH", path, {"config": {"endpoint": config["endpoint"]}})
    requested_code(own_logto)

    assert own_logto.app.posted("otp")[0].headers["Authorization"] == AUTHORIZATION
    changed, bare = own_logto.app.posted("elsewhere")
    assert changed.headers["Authorization"] == "Bearer new"
    assert "Authorization" not in bare.headers


def test_send_test_posts_what_was_recorded_and_needs_no_connector():
    with running_logto(empty=True) as logto:
        config = {"endpoint": f"{logto.app.url}/otp", "authorization": "Bearer test-sms-key"}
        body = {"phone": "15550005102", "config": config}
        sent = logto.manage("POST", f"{CONNECTORS}/http-sms/test", body)

        assert sent.status_code == 204
        (posted,) = logto.app.posted("otp")
        assert posted.body == recorded("sms-Generic")["body"]
        assert posted.headers["Authorization"] == "Bearer test-sms-key"


def test_without_a_connector_nothing_is_sent_and_none_may_sign_in_by_phone(own_logto: Logto):
    path = f"{CONNECTORS}/{present(own_logto)['id']}"
    assert own_logto.manage("DELETE", path).status_code == HTTP["delete"]["status"]
    refused = requested_code(own_logto)

    expected = HTTP["send_without_connector"]
    assert refused.status_code == expected["status"]
    assert expected["answer"]["message"] in html.unescape(refused.text)
    assert own_logto.app.received == []
    compare(
        own_logto.manage(
            "PATCH",
            "/api/sign-in-exp",
            recorded("management-sign-in-exp")["phone_code"]["body"],
        ),
        HTTP["sign_in_exp_without_connector"],
    )


def test_the_stand_in_does_not_send_by_twilios_connector(own_logto: Logto):
    own_logto.manage("POST", CONNECTORS, TWILIO["create_twilio_while_http"]["body"])

    assert "Error occurred in connector" in html.unescape(requested_code(own_logto).text)
    assert own_logto.app.received == []


def test_what_is_set_up_is_said_in_the_terminal_without_secrets(own_logto: Logto):
    own_logto.manage("POST", CONNECTORS, TWILIO["duplicate_twilio"]["body"])
    own_logto.manage("POST", CONNECTORS, HTTP["dup_http"]["body"])

    twilio = "twilio-short-message-service"
    assert own_logto.events == [
        f"connector created: {twilio} in the place of http-sms",
        f"connector created: http-sms in the place of {twilio}",
    ]
