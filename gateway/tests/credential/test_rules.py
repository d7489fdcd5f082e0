"""Secrets and scopes."""

import pytest

from gateway.credential import rules
from shared.errors import Invalid


def test_secrets_differ_and_say_what_they_are():
    made = {rules.new_secret(rules.API_KEY_PREFIX) for _ in range(100)}
    assert len(made) == 100
    assert all(secret.startswith("zn_") and len(secret) == 46 for secret in made)


def test_the_hash_does_not_hold_the_secret():
    assert rules.secret_hash("zn_a") != rules.secret_hash("zn_b")
    assert len(rules.secret_hash("\udce9")) == 32


@pytest.mark.parametrize(
    ("service", "method", "path", "scope"),
    [
        ("orders", "GET", "/v1/orders", "orders:read"),
        ("orders", "HEAD", "/v1/orders", "orders:read"),
        ("orders", "POST", "/v1/orders", "orders:write"),
        ("orders", "DELETE", "/v1/cart", "orders:write"),
        ("analytics", "POST", "/v1/query", "analytics:read"),
        ("analytics", "POST", "/v1/targets", "analytics:write"),
        ("orders", "POST", "/v1/query", "orders:write"),
    ],
)
def test_a_request_needs_to_read_or_to_write(service: str, method: str, path: str, scope: str):
    assert rules.needed_scope(service, method, path) == scope


def test_scopes_are_known_and_not_none():
    assert rules.ensure_scopes(["orders:write", "orders:read", "orders:read"]) == ["orders:read", "orders:write"]
    for scopes in ([], ["orders:admin"], ["orders:read", "*"]):
        with pytest.raises(Invalid) as refused:
            rules.ensure_scopes(scopes)
        assert (refused.value.code, refused.value.field) == ("scope-unknown", "scopes")
