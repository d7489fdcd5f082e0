"""The merchant's half of WeChat Pay API v3's cryptography: sign requests, check signatures, open sealed resources.

(https://pay.weixin.qq.com/doc/v3/merchant/4012365342 and its neighbours.) Keys are parsed once and kept as objects.
"""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from shared.errors import Unauthenticated

WINDOW_SECONDS = 300
_PUBLIC_KEY = "PUB_KEY_ID_"
_LONGEST_PATH = 1000
_SCHEMA = "WECHATPAY2-SHA256-RSA2048"
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_PADDING = PKCS1v15()
_DIGEST = SHA256()


@dataclass(frozen=True)
class MerchantKeys:
    """What a merchant holds: its number and private key, the APIv3 key, the platform's public keys by serial number."""

    mchid: str
    appid: str
    serial_no: str
    private_key: RSAPrivateKey
    apiv3_key: bytes
    platform_keys: Mapping[str, RSAPublicKey]

    @classmethod
    def load(cls, folder: Path) -> "MerchantKeys":
        """Read merchant.json, private_key.pem, apiv3_key and every platform-<serial>.pem of the folder."""
        identity = json.loads((folder / "merchant.json").read_text())
        return cls(
            mchid=identity["mchid"],
            appid=identity["appid"],
            serial_no=identity["serial_no"],
            private_key=private_key_of((folder / "private_key.pem").read_text()),
            apiv3_key=(folder / "apiv3_key").read_bytes(),
            platform_keys=platform_keys_of(
                {path.stem.removeprefix("platform-"): path.read_text() for path in folder.glob("platform-*.pem")}
            ),
        )

    def authorization(self, method: str, target: str, body: bytes, *, now: datetime) -> str:
        """The Authorization header of a request; `target` is path and query exactly as they are sent."""
        timestamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
        message = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = base64.b64encode(self.private_key.sign(message, _PADDING, _DIGEST)).decode()
        return (
            f'{_SCHEMA} mchid="{self.mchid}",nonce_str="{nonce}",signature="{signature}",'
            f'timestamp="{timestamp}",serial_no="{self.serial_no}"'
        )

    @property
    def wanted_serial(self) -> dict[str, str]:
        """Asks the platform to sign with the public key that we hold (公钥模式); empty for certificates."""
        serial = next((each for each in self.platform_keys if each.startswith(_PUBLIC_KEY)), None)
        return {} if serial is None else {"Wechatpay-Serial": serial}

    def in_app_call(self, package: str, *, now: datetime) -> dict[str, str]:
        """The signed arguments with which a page in WeChat opens its cashier for `prepay_id=…`."""
        timestamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
        message = f"{self.appid}\n{timestamp}\n{nonce}\n{package}\n".encode()
        return {
            "appId": self.appid,
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": base64.b64encode(self.private_key.sign(message, _PADDING, _DIGEST)).decode(),
        }

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """Raise Unauthenticated unless the platform signed exactly these bytes within five minutes of now.

        Header names are looked up in lower case; values may be any text that HTTP lets through.
        """
        timestamp = headers.get("wechatpay-timestamp", "")
        nonce = headers.get("wechatpay-nonce", "")
        public_key = self.platform_keys.get(headers.get("wechatpay-serial", ""))
        if public_key is None:
            raise _refusal("Wechatpay-Serial names no key of the platform that we know.", "signature-serial-unknown")
        if not _TIMESTAMP.fullmatch(timestamp) or abs(now.timestamp() - int(timestamp)) > WINDOW_SECONDS:
            raise _refusal(f"Wechatpay-Timestamp must be within {WINDOW_SECONDS} s of now.", "signature-expired")
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        try:
            signature = base64.b64decode(headers.get("wechatpay-signature", ""), validate=True)
            public_key.verify(signature, message, _PADDING, _DIGEST)
        except (binascii.Error, ValueError, InvalidSignature) as error:
            raise _refusal("Wechatpay-Signature does not fit these bytes.", "signature-invalid") from error

    def unseal(self, *, ciphertext: str, nonce: str, associated_data: str) -> bytes:
        """Open a notice's resource (AEAD_AES_256_GCM). ValueError if it was not sealed for us."""
        try:
            sealed = base64.b64decode(ciphertext, validate=True)
            return AESGCM(self.apiv3_key).decrypt(nonce.encode(), sealed, associated_data.encode())
        except (binascii.Error, InvalidTag) as error:
            raise ValueError("the resource is not sealed with our APIv3 key") from error


def pem_of(told: str, label: str) -> str:
    """A setting's key as PEM: the text itself, a file's path, or bare base64 as some providers hand keys out."""
    if "-----BEGIN" not in told and len(told) < _LONGEST_PATH and _is_file(told):
        told = Path(told).read_text()
    return told if "-----BEGIN" in told else f"-----BEGIN {label}-----\n{told.strip()}\n-----END {label}-----\n"


def _is_file(told: str) -> bool:
    try:
        return Path(told).is_file()
    except OSError:  # bare base64 is too long for a name
        return False


def private_key_of(told: str) -> RSAPrivateKey:
    """An RSA private key (PKCS#8 or PKCS#1) of a setting or file; TypeError if it is another kind of key."""
    try:
        key = load_pem_private_key(pem_of(told, "PRIVATE KEY").encode(), password=None)
    except ValueError:
        key = load_pem_private_key(pem_of(told, "RSA PRIVATE KEY").encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("the private key is no RSA key")
    return key


def public_key_of(told: str) -> RSAPublicKey:
    """The RSA key of a public key or of a certificate; TypeError if it is another kind of key."""
    pem = pem_of(told, "PUBLIC KEY").encode()
    key = load_pem_x509_certificate(pem).public_key() if b"BEGIN CERTIFICATE" in pem else load_pem_public_key(pem)
    if not isinstance(key, RSAPublicKey):
        raise TypeError("the public key is no RSA key")
    return key


def platform_keys_of(told: Mapping[str, str]) -> dict[str, RSAPublicKey]:
    """The platform's keys by the serial number that its signatures name: `PUB_KEY_ID_…`, or its certificate's own.

    ValueError if a certificate stands under a serial number that is not its own.
    """
    for serial, pem in told.items():
        text = pem_of(pem, "PUBLIC KEY")
        if "BEGIN CERTIFICATE" in text:
            found = f"{load_pem_x509_certificate(text.encode()).serial_number:X}"
            if found != serial.upper().lstrip("0"):
                raise ValueError(f"the certificate's serial number is {found}, not {serial}")
    return {serial: public_key_of(pem) for serial, pem in told.items()}


def _refusal(message: str, code: str) -> Unauthenticated:
    return Unauthenticated(message, code=code)
