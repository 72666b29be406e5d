from __future__ import annotations

import pytest

from chalicelib.otp.limits import client_of


@pytest.mark.parametrize(
    ("ip", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9 ", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("203.0.113.9:1234", None),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_a_client_is_an_address_or_what_one_ipv6_client_has_to_itself(
    ip: str | None, client: str | None
):
    assert client_of(ip) == client
