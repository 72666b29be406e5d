"""The command line's client of Logto's Management API, at the stand-in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ops.http_api import ApiError
from ops.logto.client import Logto, public_sign_in_experience
from ops.logto.resources import HTTP_SMS, TWILIO_SMS, Credential
from tests.kit.fakes import Clock
from tests.kit.identity import (
    APP,
    AUTHORIZATION,
    MACHINE,
    POWERLESS_MACHINE,
    SECRET,
    new_phone,
    running_logto,
)
from tests.kit.identity import Logto as StandIn
from tests.kit.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NO_URIS: dict[str, list[str]] = {"redirectUris": [], "postLogoutRedirectUris": []}
NOBODY = "http://127.0.0.1:1"
TWILIO_CONFIG = recorded("management-connector-twilio")["get_one"]["answer"]["config"]


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with running_logto() as running:
        yield running


@pytest.fixture
def logto(stand_in: StandIn) -> Logto:
    return client(stand_in)


@pytest.fixture
def empty() -> Iterator[StandIn]:
    with running_logto(empty=True) as running:
        yield running


def client(stand_in: StandIn, **credential: str) -> Logto:
    told = {"id": MACHINE, "secret": SECRET} | credential
    return Logto(stand_in.url, Credential(**told), clock=stand_in.clock)


def failed(call: Callable[..., Any], *given: Any, **more: Any) -> ApiError:
    with pytest.raises(ApiError) as failure:
        call(*given, **more)
    return failure.value


def test_a_new_tenant_is_set_up_and_signs_somebody_in(empty: StandIn):
    logto = client(empty)
    logto.check()
    metadata = {
        "redirectUris": [f"{empty.app.url}/callback"],
        "postLogoutRedirectUris": [f"{empty.app.url}/"],
        "backchannelLogoutUri": f"{empty.app.url}/backchannel-logout",
        "backchannelLogoutSessionRequired": True,
    }
    application = logto.create_application("portaria", metadata)
    (secret,) = logto.secrets(application.id)
    assert logto.sms_connector() is None
    logto.create_connector(HTTP_SMS, {"endpoint": f"{empty.app.url}/otp", "authorization": "B x"})
    changes = recorded("management-sign-in-exp")["phone_code"]["body"]
    assert logto.update_sign_in_experience(changes) == changes

    callback = empty.sign_in(empty.browser(), client_id=application.id)
    tokens = empty.redeem(
        callback["code"], client_id=application.id, client_secret=secret.value
    ).json()
    assert "sid" in empty.read(tokens["id_token"]).claims
    assert empty.app.posted("otp")[0].headers["Authorization"] == "B x"


def test_applications_are_found_by_their_exact_name(logto: Logto):
    made = [logto.create_application(name, NO_URIS) for name in ("shop", "shop", "my shop")]

    assert logto.applications("shop") == [made[1], made[0]]
    assert logto.applications("SHOP") == []
    assert {each.id for each in made} <= {each.id for each in logto.applications()}
    assert [each.id for each in logto.applications(MACHINE, "MachineToMachine")] == [MACHINE]


def test_all_pages_are_read(logto: Logto):
    for _ in range(101):
        logto.create_application("one of many", NO_URIS)

    assert len(logto.applications("one of many")) == 101


def test_what_others_have_set_stays_where_it_is_sent_back(logto: Logto):
    before = logto.application(APP)
    uris = [*before.metadata["redirectUris"], "https://b.example/callback"]
    logto.update_application(APP, {**before.metadata, "redirectUris": uris})
    after = logto.application(APP)

    assert after.metadata == {**before.metadata, "redirectUris": uris}


def test_a_secret_is_added_beside_the_others(logto: Logto):
    new = logto.create_secret(APP, "new")
    assert [(each.name, each.expires_at) for each in logto.secrets(APP)] == [
        ("Default secret", None),
        ("new", None),
    ]
    taken = failed(logto.create_secret, APP, "new")

    assert (taken.code, taken.status) == ("application.secret_name_exists", 422)
    assert new in logto.secrets(APP)


def test_a_new_connector_takes_the_place_of_the_old_one(logto: Logto):
    first = logto.create_connector(TWILIO_SMS, TWILIO_CONFIG)
    second = logto.create_connector(HTTP_SMS, {"endpoint": "https://a.example/otp"})
    changed = logto.update_connector(second.id, {"endpoint": "https://b.example/otp"})

    assert first.config == TWILIO_CONFIG
    assert logto.sms_connector() == changed
    assert changed.config == {"endpoint": "https://b.example/otp"}


def test_a_test_send_reaches_the_endpoint(logto: Logto, stand_in: StandIn):
    config = {"endpoint": f"{stand_in.app.url}/otp", "authorization": AUTHORIZATION}
    logto.send_test("+12125550100", config)

    assert stand_in.app.posted("otp")[0].json["to"] == "12125550100"
    assert stand_in.app.code == "000000"


def test_a_refused_test_send_says_what_the_endpoint_answered(logto: Logto, stand_in: StandIn):
    stand_in.app.answer = (403, f"not with {AUTHORIZATION}, 12125550100", {})
    config = {"endpoint": f"{stand_in.app.url}/otp", "authorization": AUTHORIZATION}
    error = failed(logto.send_test, "+12125550100", config)

    assert (error.code, error.status) == ("connector.general", 400)
    assert "not with …" in error.message
    assert AUTHORIZATION not in str(error)


def test_the_policy_for_codes_is_public(logto: Logto, stand_in: StandIn):
    policy = {"expirationDuration": 120}
    logto.update_sign_in_experience({"verificationCodePolicy": policy})

    assert public_sign_in_experience(f"{stand_in.url}/")["verificationCodePolicy"] == policy
    assert logto.sign_in_experience()["verificationCodePolicy"] == policy


def test_users_are_found_by_their_number(logto: Logto, stand_in: StandIn):
    phone = new_phone()
    sub = stand_in.read(stand_in.tokens(phone=phone)["id_token"]).claims["sub"]
    (user,) = logto.users_with_phone(f"+{phone}")

    assert (user.id, user.phone, user.suspended) == (sub, f"+{phone}", False)
    assert phone not in repr(user)
    assert logto.users_with_phone(f"+{new_phone()}") == []


@pytest.mark.parametrize(
    ("credential", "code", "status"),
    [
        ({"id": "nope"}, "oidc.invalid_client", 400),
        ({"secret": "wrong"}, "oidc.invalid_client", 401),
        ({"resource": "https://other.logto.app/api"}, "oidc.invalid_target", 400),
        ({"id": POWERLESS_MACHINE}, "auth.forbidden", 200),
        ({"id": APP}, "oidc.unauthorized_client", 400),
    ],
)
def test_a_credential_that_opens_nothing_says_why(
    stand_in: StandIn, credential: dict[str, str], code: str, status: int
):
    error = failed(client(stand_in, **credential).check)

    assert (error.code, error.status) == (code, status)
    assert SECRET not in str(error)


def test_what_logto_finds_wrong_is_told_in_its_words(logto: Logto):
    metadata = {"redirectUris": ["not a url"], "postLogoutRedirectUris": []}
    error = failed(logto.update_application, APP, metadata)

    assert (error.code, error.status) == ("guard.invalid_input", 400)
    assert "oidcClientMetadata.redirectUris.0" in error.message
    unknown = failed(logto.application, "a/b")
    assert (unknown.code, unknown.status) == ("http.404", 404)


def test_a_token_is_renewed_before_it_ends(stand_in: StandIn):
    logto = client(stand_in)
    logto.check()
    stand_in.clock.advance(3600 - 30)
    logto.sign_in_experience()
    stand_in.clock.advance(60)

    logto.sign_in_experience()


def test_nobody_at_the_address_is_told_without_the_address():
    logto = Logto(NOBODY, Credential(MACHINE, SECRET), clock=Clock())
    error = failed(logto.users_with_phone, "+12125550100")

    assert (error.code, error.status) == ("unreachable", None)
    assert "127.0.0.1" not in str(error)
    assert error.__cause__ is None


def test_nothing_that_is_shown_has_a_secret_in_it(logto: Logto):
    connector = logto.create_connector(TWILIO_SMS, TWILIO_CONFIG)
    shown = repr([logto, connector, *logto.secrets(APP), Credential(MACHINE, SECRET)])

    assert SECRET not in shown
    assert TWILIO_CONFIG["authToken"] not in shown


def test_a_credential_is_read_from_the_parameter():
    told = {"id": "a", "secret": "b", "resource": "https://c.logto.app/api"}

    assert Credential.from_json(json.dumps(told)) == Credential(**told)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": 1, "secret": "b", "resource": "c"}'])
def test_what_is_no_credential_is_not_quoted(text: str):
    with pytest.raises(ValueError, match="not a JSON object with id, secret and resource"):
        Credential.from_json(text)
