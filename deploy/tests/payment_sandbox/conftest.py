"""A sandbox of its own for each test, and a merchant that signs by hand."""

import base64
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.payment_sandbox.process import RunningSandbox, run_sandbox


@dataclass
class Merchant:
    """Asks the sandbox as a shop does."""

    sandbox: RunningSandbox
    notify_url: str = "http://127.0.0.1:9/nobody"

    @property
    def identity(self) -> dict[str, str]:
        """mchid, appid, serial_no."""
        told: dict[str, str] = json.loads((self.sandbox.keys.merchant / "merchant.json").read_text())
        return told

    def ask(self, method: str, target: str, content: dict[str, Any] | None = None) -> httpx2.Response:
        """One signed request."""
        key = load_pem_private_key((self.sandbox.keys.merchant / "private_key.pem").read_bytes(), password=None)
        assert isinstance(key, RSAPrivateKey)
        body = json.dumps(content) if content is not None else ""
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        message = f"{method}\n{target}\n{timestamp}\n{nonce}\n{body}\n".encode()
        signature = base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode()
        identity = self.identity
        authorization = (
            f'WECHATPAY2-SHA256-RSA2048 mchid="{identity["mchid"]}",serial_no="{identity["serial_no"]}",'
            f'nonce_str="{nonce}",timestamp="{timestamp}",signature="{signature}"'
        )
        return httpx2.request(
            method, self.sandbox.url + target, content=body.encode(), headers={"Authorization": authorization}
        )

    def order(self, number: str = "order-1", **given: Any) -> httpx2.Response:
        """Open a native order of 1234 fen."""
        content = {
            "appid": self.identity["appid"],
            "mchid": self.identity["mchid"],
            "description": "香菇等3件",
            "out_trade_no": number,
            "notify_url": self.notify_url,
            "attach": "0198",
            "amount": {"total": 1234, "currency": "CNY"},
        }
        return self.ask("POST", "/v3/pay/transactions/native", {**content, **given})

    def query(self, number: str = "order-1") -> dict[str, Any]:
        """What the sandbox knows of an order."""
        mchid = self.identity["mchid"]
        told: dict[str, Any] = self.ask("GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={mchid}").json()
        return told

    def close(self, number: str = "order-1") -> httpx2.Response:
        """Close an order."""
        target = f"/v3/pay/transactions/out-trade-no/{number}/close"
        return self.ask("POST", target, {"mchid": self.identity["mchid"]})

    def refund(self, refund_number: str, amount: int, *, total: int = 1234, number: str = "order-1") -> httpx2.Response:
        """Ask for a refund."""
        content = {
            "out_trade_no": number,
            "out_refund_no": refund_number,
            "amount": {"refund": amount, "total": total, "currency": "CNY"},
        }
        return self.ask("POST", "/v3/refund/domestic/refunds", content)

    def pay(self, number: str = "order-1", **options: Any) -> httpx2.Response:
        """Be the payer."""
        return httpx2.post(f"{self.sandbox.url}/control/pay/{number}", json=options)


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    """A merchant with a running sandbox."""
    folder: Path = tmp_path_factory.mktemp("sandbox")
    with run_sandbox(folder / "state", notice_pace="0.004", refund_seconds="0.02") as running:
        yield Merchant(running)
