"""The provider's half of the protocol: check a merchant's signature, sign what we say, seal what only it may read."""

import base64
import binascii
import json
import re
import secrets
import time
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

SCHEMA = "WECHATPAY2-SHA256-RSA2048"
WINDOW_SECONDS = 300
_PART = re.compile(r'(\w+)="([^"]*)"')


class SignatureRefusedError(Exception):
    """A request is not, or not now, signed by the merchant; the message says what is wrong."""


class Platform:
    """The provider's keys, loaded once. Files: see `keys.create_key_set`."""

    def __init__(self, folder: Path) -> None:
        identity = json.loads((folder / "merchant.json").read_text())
        self.mchid: str = identity["mchid"]
        self.appid: str = identity["appid"]
        self._merchant_serial: str = identity["serial_no"]
        self._merchant_key = _public_key(folder / "merchant.pem")
        self._seal = AESGCM((folder / "apiv3_key").read_bytes())
        self._keys = {
            path.stem.removeprefix("private-"): _private_key(path) for path in sorted(folder.glob("private-*.pem"))
        }
        self.serial_no = next(iter(self._keys))

    @property
    def serial_numbers(self) -> tuple[str, ...]:
        """The serial numbers of the platform's keys."""
        return tuple(self._keys)

    def use(self, serial_no: str) -> None:
        """Sign with another of the platform's keys from now on. KeyError for an unknown one."""
        self.serial_no = next(serial for serial in self._keys if serial == serial_no)

    def verify(self, method: str, target: str, authorization: str, body: bytes, *, now: float) -> None:
        """Check the Authorization of a merchant's request; `target` is path and query as they were sent."""
        schema, _, rest = authorization.partition(" ")
        parts = dict(_PART.findall(rest))
        if schema != SCHEMA or parts.keys() < {"mchid", "nonce_str", "timestamp", "serial_no", "signature"}:
            raise SignatureRefusedError(f"Authorization must be {SCHEMA} with five parts")
        if parts["mchid"] != self.mchid or parts["serial_no"] != self._merchant_serial:
            raise SignatureRefusedError("unknown mchid or serial_no")
        if not re.fullmatch(r"[0-9]{1,12}", parts["timestamp"]) or abs(now - int(parts["timestamp"])) > WINDOW_SECONDS:
            raise SignatureRefusedError(f"timestamp is more than {WINDOW_SECONDS} s away")
        head = f"{method}\n{target}\n{parts['timestamp']}\n{parts['nonce_str']}\n".encode()
        try:
            signature = base64.b64decode(parts["signature"], validate=True)
            self._merchant_key.verify(signature, head + body + b"\n", PKCS1v15(), SHA256())
        except (binascii.Error, ValueError, InvalidSignature) as error:
            raise SignatureRefusedError("the signature does not fit the request") from error

    def sign(self, body: bytes, *, now: float | None = None) -> dict[str, str]:
        """The headers that prove that an answer or a notice is ours, said now unless told otherwise (Unix seconds)."""
        timestamp, nonce = str(int(time.time() if now is None else now)), secrets.token_hex(16)
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = self._keys[self.serial_no].sign(message, PKCS1v15(), SHA256())
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Serial": self.serial_no,
            "Wechatpay-Signature-Type": SCHEMA,
        }

    def seal(self, original_type: str, resource: dict[str, Any]) -> dict[str, str]:
        """Encrypt a notice's resource for the merchant; `original_type` is transaction or refund."""
        nonce = secrets.token_hex(6)
        plain = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
        return {
            "original_type": original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(self._seal.encrypt(nonce.encode(), plain, original_type.encode())).decode(),
            "associated_data": original_type,
            "nonce": nonce,
        }


def _private_key(path: Path) -> RSAPrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError(f"{path.name} holds no RSA key")
    return key


def _public_key(path: Path) -> RSAPublicKey:
    key = load_pem_public_key(path.read_bytes())
    if not isinstance(key, RSAPublicKey):
        raise TypeError(f"{path.name} holds no RSA key")
    return key
