"""The signing keys in memory: they are read once a minute, so that no request waits for them."""

import base64
import os
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import OKPKey

from gateway.settings import GatewaySettings
from gateway.token import actions, queries, rules
from gateway.token.models import SigningKey
from shared.auth import Caller, TokenIssuer
from shared.db import Transactions
from shared.errors import Unavailable
from shared.log import logger

_NONCE_BYTES = 12
_KEY_BYTES = 32

log = logger(__name__)


class Seal:
    """Encrypts private keys for the database (AES-256-GCM, bound to the key's id)."""

    def __init__(self, master_key: bytes) -> None:
        self._cipher = AESGCM(master_key)

    def close(self, secret: bytes, key_id: str) -> bytes:
        """The sealed secret."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, key_id.encode())

    def open(self, sealed: bytes, key_id: str) -> bytes | None:
        """The secret, or None if it was sealed with another master key or altered."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], key_id.encode())
        except InvalidTag:
            return None


def read_master_key(settings: GatewaySettings) -> bytes:
    """The master key of the settings, or of its file, which is made, for our eyes only, if there is none."""
    given = settings.master_key
    text = given.get_secret_value() if given is not None else _read_or_make(settings.master_key_file)
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ValueError("GATEWAY_MASTER_KEY must be 32 bytes in base64")
    return key


def _read_or_make(file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    unfinished.touch(mode=0o600)
    unfinished.write_text(base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode())
    try:
        os.link(unfinished, file)  # atomic: of two gateways that start at once, both read the one that was first
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()
    return file.read_text()


class Keyring:
    """Signs internal tokens with the present key and tells services the public ones."""

    def __init__(self, transactions: Callable[[], Transactions], seal: Seal, *, every: timedelta) -> None:
        self._transactions = transactions
        self._seal = seal
        self._every = every
        self._keys: list[rules.KeyDates] = []
        self._opened: dict[str, OKPKey] = {}

    async def refresh(self, *, now: datetime) -> None:
        """Read the keys again; make the next one if it is due and forget those that nobody needs."""
        async with self._transactions().read() as db:
            await self._read(db)
        is_due = rules.next_signs_from(self._keys, every=self._every, now=now) is not None
        if is_due or len(rules.published(self._keys, now=now)) < len(self._keys):
            await self.rotate(now=now)

    async def rotate(self, *, now: datetime, is_forced: bool = False) -> None:
        """Add the next key if it is due (or `is_forced`). However many gateways try at once, one does."""
        async with self._transactions().begin() as db:
            await actions.begin_rotation(db)
            await self._read(db)
            signs_from = rules.next_signs_from(self._keys, every=self._every, now=now)
            if is_forced and signs_from is None:
                signs_from = now + rules.LEAD
            if signs_from is not None:
                await self._add(db, signs_from=signs_from, now=now)
            kept = {key.key_id for key in rules.published(self._keys, now=now)}
            gone = [key.key_id for key in self._keys if key.key_id not in kept]
            if gone:
                await actions.remove_keys(db, gone)
        async with self._transactions().read() as db:
            await self._read(db)

    async def _add(self, db: Any, *, signs_from: datetime, now: datetime) -> None:
        key = OKPKey.generate_key("Ed25519", {"use": "sig", "alg": "Ed25519"}, auto_kid=True)
        key_id = str(key.kid)
        sealed = self._seal.close(key.as_pem(private=True), key_id)
        public = {name: str(value) for name, value in key.as_dict(private=False).items()}
        await actions.add_key(
            db, key_id=key_id, sealed_private_key=sealed, public_jwk=public, signs_from=signs_from, now=now
        )
        log.info("new signing key", key_id=key_id, signs_from=signs_from.isoformat())

    async def _read(self, db: Any) -> None:
        rows = await queries.list_keys(db)
        self._opened = {row.key_id: key for row in rows if (key := self._open(row)) is not None}
        self._keys = [
            rules.KeyDates(row.key_id, row.signs_from, row.public_jwk, is_ours=row.key_id in self._opened)
            for row in rows
        ]

    def _open(self, row: SigningKey) -> OKPKey | None:
        known = self._opened.get(row.key_id)
        if known is not None:
            return known
        pem = self._seal.open(row.sealed_private_key, row.key_id)
        if pem is None:
            log.warning("a signing key cannot be opened with this master key", key_id=row.key_id)
            return None
        return OKPKey.import_key(pem, {"kid": row.key_id})

    def issue(self, caller: Caller, *, now: datetime, lifetime: timedelta) -> str:
        """A token for our services that says who calls."""
        key = rules.signer(self._keys, now=now)
        if key is None:
            raise Unavailable("No signing key is ready yet. Try again shortly.", code="keys-unavailable")
        return TokenIssuer(self._opened[key.key_id]).issue(caller, now=now, lifetime=lifetime)

    def public_keys(self, *, now: datetime) -> dict[str, Any]:
        """The JWK Set (RFC 7517) of all keys whose tokens may be about."""
        return {"keys": [key.public_jwk for key in rules.published(self._keys, now=now)]}
