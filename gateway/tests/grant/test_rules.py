"""Token requests as RFC 6749 has them."""

import base64
from uuid import uuid4

import pytest

from gateway.grant import rules

CLIENT = uuid4()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_client_names_itself_by_basic_or_in_the_form():
    in_form = rules.claim_of({"client_id": str(CLIENT), "client_secret": "zc_x"}, None)
    assert in_form == rules.Claim(CLIENT, "zc_x", is_basic=False)
    assert rules.claim_of({}, basic(str(CLIENT), "zc_x")) == rules.Claim(CLIENT, "zc_x", is_basic=True)


def test_basic_is_form_encoded_inside():
    assert rules.basic_credentials(basic("a%3Ab", "c%20d+e")) == ("a:b", "c d e")


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !!!", "Bearer x", "Basic " + base64.b64encode(b"\xff:x").decode()]
)
def test_basic_that_cannot_be_read_is_an_unknown_client(header: str):
    assert rules.basic_credentials(header) is None
    with pytest.raises(rules.GrantRefused) as refused:
        rules.claim_of({}, header)
    assert (refused.value.error, refused.value.status, refused.value.is_basic) == ("invalid_client", 401, True)


def test_the_secret_comes_once():
    with pytest.raises(rules.GrantRefused) as refused:
        rules.claim_of({"client_secret": "zc_x"}, basic(str(CLIENT), "zc_x"))
    assert (refused.value.error, refused.value.status) == ("invalid_request", 400)


@pytest.mark.parametrize(
    ("grant_type", "error"),
    [(None, "invalid_request"), ("", "invalid_request"), ("password", "unsupported_grant_type")],
)
def test_only_client_credentials_are_granted(grant_type: str | None, error: str):
    rules.ensure_client_credentials("client_credentials")
    with pytest.raises(rules.GrantRefused) as refused:
        rules.ensure_client_credentials(grant_type)
    assert (refused.value.error, refused.value.status) == (error, 400)


def test_scopes_are_the_client_s_or_fewer():
    owned = ["orders:read", "orders:write"]
    assert rules.granted_scopes(None, of_client=owned) == owned
    assert rules.granted_scopes("  ", of_client=owned) == owned
    assert rules.granted_scopes("orders:read", of_client=owned) == ["orders:read"]
    with pytest.raises(rules.GrantRefused) as refused:
        rules.granted_scopes("orders:read analytics:read", of_client=owned)
    assert refused.value.error == "invalid_scope"
