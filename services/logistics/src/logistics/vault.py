"""Secrets at rest: sealed with AES-256-GCM under a key that only the settings know."""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class SealBroken(Exception):  # noqa: N818 - says what happened
    """The sealed bytes were altered, or sealed under another key or for another owner."""


class Vault:
    """Seals and opens small secrets. `owner` is bound in: a row copied to another owner does not open."""

    def __init__(self, key: str) -> None:
        self._cipher = AESGCM(hashlib.sha256(key.encode()).digest())

    def seal(self, secret: bytes, *, owner: str) -> bytes:
        """The secret as it may be stored."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, owner.encode())

    def open(self, sealed: bytes, *, owner: str) -> bytes:
        """The secret again; raises SealBroken."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(owner) from error
