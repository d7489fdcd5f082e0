"""The keys of both sides, made once on this machine and never committed.

A key set is a folder of two halves. ``merchant/`` is what a shop holds of WeChat Pay: its own private key, the APIv3
key and the platform's public keys by serial number. ``provider/`` is what the provider holds: the platform's private
keys, the merchant's public key and the same APIv3 key. There are two platform keys, as while the provider changes keys:
a shop must accept both.
"""

import json
import os
import secrets
import shutil
import string
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

PLATFORM_KEYS = 2
KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class KeySet:
    """The two folders of a key set: hand `merchant` to the shop and `provider` to the sandbox."""

    merchant: Path
    provider: Path


def create_key_set(folder: Path) -> KeySet:
    """Make the key set in `folder` unless it is there; the answer is the same either way.

    The folder appears whole or not at all, so a run that is cut short leaves nothing half made. Files are readable by
    their owner only.
    """
    return _create(folder, _fill)


def create_alipay_keys(folder: Path) -> KeySet:
    """The same for Alipay's protocol: each side's private key, the other's public key, the numbers of both."""
    return _create(folder, _fill_alipay)


def _create(folder: Path, fill: Callable[[Path], None]) -> KeySet:
    keys = KeySet(folder / "merchant", folder / "provider")
    if folder.exists():
        return keys
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fill(draft)
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not folder.exists():  # somebody else made it in the meantime: then theirs is the key set
            raise
    return keys


def _fill_alipay(folder: Path) -> None:
    merchant, provider = folder / "merchant", folder / "provider"
    merchant.mkdir()
    provider.mkdir()
    ours, theirs = (rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS) for _ in range(2))
    digits = "".join(secrets.choice(string.digits) for _ in range(12))
    identity = {"app_id": f"2021{digits}", "seller_id": f"2088{digits}"}
    for side, own, other in ((merchant, ours, theirs), (provider, theirs, ours)):
        _write(side / "identity.json", json.dumps(identity, indent=2).encode())
        _write(side / "private_key.pem", _private_pem(own))
        _write(side / "their_public_key.pem", _public_pem(other))


def _fill(folder: Path) -> None:
    merchant, provider = folder / "merchant", folder / "provider"
    merchant.mkdir()
    provider.mkdir()
    own = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    identity = {
        "mchid": "19" + "".join(secrets.choice(string.digits) for _ in range(8)),
        "appid": "wx" + secrets.token_hex(8),
        "serial_no": _serial(),
    }
    apiv3_key = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))
    for side in (merchant, provider):
        _write(side / "merchant.json", json.dumps(identity, indent=2).encode())
        _write(side / "apiv3_key", apiv3_key.encode())
    _write(merchant / "private_key.pem", _private_pem(own))
    _write(provider / "merchant.pem", _public_pem(own))
    for _ in range(PLATFORM_KEYS):
        platform, serial = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS), _serial()
        _write(provider / f"private-{serial}.pem", _private_pem(platform))
        _write(merchant / f"platform-{serial}.pem", _public_pem(platform))


def _serial() -> str:
    return secrets.token_hex(20).upper()


def _private_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
