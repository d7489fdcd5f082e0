"""Secrets at rest."""

import pytest

from logistics.vault import SealBroken, Vault

VAULT = Vault("the key of these tests")


def test_a_secret_comes_back_and_is_never_sealed_the_same_way_twice():
    first, second = VAULT.seal(b"secret", owner="sf-demo"), VAULT.seal(b"secret", owner="sf-demo")
    assert first != second
    assert b"secret" not in first
    assert VAULT.open(first, owner="sf-demo") == VAULT.open(second, owner="sf-demo") == b"secret"


def test_an_altered_secret_another_key_and_another_owner_open_nothing():
    sealed = VAULT.seal(b"secret", owner="sf-demo")
    for vault, broken, owner in [
        (VAULT, sealed[:-1] + bytes([sealed[-1] ^ 1]), "sf-demo"),
        (VAULT, sealed[:5], "sf-demo"),
        (Vault("the key of other tests"), sealed, "sf-demo"),
        (VAULT, sealed, "post-demo"),
    ]:
        with pytest.raises(SealBroken):
            vault.open(broken, owner=owner)
