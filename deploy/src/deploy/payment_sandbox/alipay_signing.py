"""Alipay's half of RSA2: check what a merchant signed, sign answers over their very text, write notices."""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from deploy.payment_sandbox.book import BEIJING, Trade


class AlipayPlatform:
    """The provider's keys, loaded once. Files: see `keys.create_alipay_keys`."""

    def __init__(self, folder: Path) -> None:
        identity = json.loads((folder / "identity.json").read_text())
        self.app_id: str = identity["app_id"]
        self.seller_id: str = identity["seller_id"]
        private_key = load_pem_private_key((folder / "private_key.pem").read_bytes(), password=None)
        public_key = load_pem_public_key((folder / "their_public_key.pem").read_bytes())
        if not isinstance(private_key, RSAPrivateKey) or not isinstance(public_key, RSAPublicKey):
            raise TypeError(f"{folder} holds no RSA keys")
        self._private_key = private_key
        self._merchant_key = public_key

    def is_signed(self, values: Mapping[str, str]) -> bool:
        """Whether the merchant signed these parameters."""
        try:
            signature = base64.b64decode(values.get("sign", ""), validate=True)
            self._merchant_key.verify(signature, _text_of(values, {"sign"}), PKCS1v15(), SHA256())
        except (binascii.Error, ValueError, InvalidSignature):
            return False
        return True

    def answer(self, method: str, content: dict[str, object]) -> str:
        """An answer's whole text; the signature is over the node's text as it stands there."""
        node = json.dumps(content, ensure_ascii=False)
        return f'{{"{method.replace(".", "_")}_response":{node},"sign":"{self._sign(node.encode())}"}}'

    def notice(self, trade: Trade) -> tuple[str, str]:
        """The number and the signed form of a notice that a trade was paid."""
        number = secrets.token_hex(17)
        values = {
            "notify_time": beijing(datetime.now(UTC).isoformat()),
            "notify_type": "trade_status_sync",
            "notify_id": number,
            "charset": "utf-8",
            "version": "1.0",
            "app_id": self.app_id,
            "seller_id": self.seller_id,
            "out_trade_no": trade.out_trade_no,
            "trade_no": trade.transaction_id,
            "trade_status": "TRADE_SUCCESS",
            "total_amount": yuan(trade.captured),
            "receipt_amount": yuan(trade.captured),
            "subject": trade.description,
            "body": "",
            "gmt_payment": beijing(trade.success_time),
        }
        signature = self._sign(_text_of(values, set()))
        return number, urlencode({**values, "sign_type": "RSA2", "sign": signature})

    def _sign(self, message: bytes) -> str:
        return base64.b64encode(self._private_key.sign(message, PKCS1v15(), SHA256())).decode()


def _text_of(values: Mapping[str, str], without: set[str]) -> bytes:
    named = (f"{name}={value}" for name, value in sorted(values.items()) if value and name not in without)
    return "&".join(named).encode()


def yuan(fen: int) -> str:
    """An amount as Alipay writes it."""
    return f"{fen // 100}.{fen % 100:02d}"


def beijing(instant: str) -> str:
    """A time as Alipay writes it."""
    return datetime.fromisoformat(instant).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
