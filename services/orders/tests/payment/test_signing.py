"""Signatures are over the bytes as they came, for a while, by keys we know; all else is refused, never a fault."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.payment_sandbox.keys import create_key_set
from deploy.payment_sandbox.signing import Platform, SignatureRefusedError
from orders.payment.providers.signing import WINDOW_SECONDS, MerchantKeys
from shared.errors import Unauthenticated

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
BODY = '{"id": "EV-1",  "summary": "支付成功"}'.encode()


@pytest.fixture(scope="module")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "set"


@pytest.fixture(scope="module")
def platform(key_folder: Path) -> Platform:
    return Platform(create_key_set(key_folder).provider)


@pytest.fixture(scope="module")
def keys(key_folder: Path) -> MerchantKeys:
    return MerchantKeys.load(create_key_set(key_folder).merchant)


def signed(platform: Platform, at: datetime = NOW, body: bytes = BODY) -> dict[str, str]:
    return {name.lower(): value for name, value in platform.sign(body, now=at.timestamp()).items()}


def refusal_of(keys: MerchantKeys, headers: Mapping[str, str], body: bytes = BODY) -> str | None:
    try:
        keys.verify(headers, body, now=NOW)
    except Unauthenticated as refusal:
        return refusal.code
    return None


def test_what_the_platform_signed_is_believed(platform: Platform, keys: MerchantKeys):
    assert refusal_of(keys, signed(platform)) is None


def test_the_same_json_written_again_is_not_what_was_signed(platform: Platform, keys: MerchantKeys):
    again = json.dumps(json.loads(BODY)).encode()
    assert refusal_of(keys, signed(platform), again) == "signature-invalid"


@pytest.mark.parametrize("seconds", [-WINDOW_SECONDS - 1, WINDOW_SECONDS + 1, -86_400, 10**9])
def test_an_old_or_future_timestamp_is_refused(platform: Platform, keys: MerchantKeys, seconds: int):
    assert refusal_of(keys, signed(platform, NOW + timedelta(seconds=seconds))) == "signature-expired"


@pytest.mark.parametrize("seconds", [-WINDOW_SECONDS, WINDOW_SECONDS])
def test_a_clock_within_the_window_is_believed(platform: Platform, keys: MerchantKeys, seconds: int):
    assert refusal_of(keys, signed(platform, NOW + timedelta(seconds=seconds))) is None


def test_both_keys_of_a_platform_that_changes_keys_are_believed(platform: Platform, keys: MerchantKeys):
    first = platform.serial_no
    try:
        for serial in platform.serial_numbers:
            platform.use(serial)
            assert refusal_of(keys, signed(platform)) is None
        assert len(platform.serial_numbers) == 2
    finally:
        platform.use(first)


def test_one_key_under_the_others_serial_is_refused(platform: Platform, keys: MerchantKeys):
    other = next(serial for serial in platform.serial_numbers if serial != platform.serial_no)
    assert refusal_of(keys, signed(platform) | {"wechatpay-serial": other}) == "signature-invalid"


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("wechatpay-signature", "签名" * 40, "signature-invalid"),
        ("wechatpay-signature", "é" * 344, "signature-invalid"),
        ("wechatpay-signature", "", "signature-invalid"),
        ("wechatpay-signature", "WECHATPAY/SIGNTEST/abc", "signature-invalid"),
        ("wechatpay-signature", "A" * 344, "signature-invalid"),
        ("wechatpay-nonce", "随机", "signature-invalid"),
        ("wechatpay-timestamp", "１７９５３２００００", "signature-expired"),
        ("wechatpay-timestamp", "٣", "signature-expired"),
        ("wechatpay-timestamp", "-1", "signature-expired"),
        ("wechatpay-timestamp", "1e9", "signature-expired"),
        ("wechatpay-timestamp", "9" * 400, "signature-expired"),
        ("wechatpay-timestamp", "", "signature-expired"),
        ("wechatpay-serial", "序列号", "signature-serial-unknown"),
        ("wechatpay-serial", "", "signature-serial-unknown"),
    ],
)
def test_a_header_of_any_text_is_refused_and_never_a_fault(
    platform: Platform, keys: MerchantKeys, header: str, value: str, code: str
):
    assert refusal_of(keys, signed(platform) | {header: value}) == code


@pytest.mark.parametrize(
    "header", ["wechatpay-signature", "wechatpay-nonce", "wechatpay-timestamp", "wechatpay-serial"]
)
def test_a_missing_header_is_refused(platform: Platform, keys: MerchantKeys, header: str):
    headers = signed(platform)
    del headers[header]
    assert refusal_of(keys, headers) is not None


def test_a_resource_opens_only_with_its_own_nonce_data_and_key(platform: Platform, keys: MerchantKeys, tmp_path: Path):
    sealed = platform.seal("transaction", {"out_trade_no": "订单"})
    given = {name: sealed[name] for name in ("ciphertext", "nonce", "associated_data")}
    assert json.loads(keys.unseal(**given)) == {"out_trade_no": "订单"}
    stranger = Platform(create_key_set(tmp_path / "stranger").provider).seal("transaction", {})
    for wrong in (
        given | {"nonce": "0" * 12},
        given | {"nonce": ""},
        given | {"associated_data": "refund"},
        given | {"ciphertext": "不是"},
        given | {"ciphertext": ""},
        given | {"ciphertext": stranger["ciphertext"], "nonce": stranger["nonce"]},
    ):
        with pytest.raises(ValueError):  # noqa: PT011 - any ValueError becomes the same refusal
            keys.unseal(**wrong)


def test_the_provider_believes_what_we_sign_and_nothing_else(platform: Platform, keys: MerchantKeys):
    target = "/v3/pay/transactions/native?x=1"
    header = keys.authorization("POST", target, BODY, now=NOW)
    platform.verify("POST", target, header, BODY, now=NOW.timestamp())
    for method, where, body, at in (
        ("GET", target, BODY, NOW),
        ("POST", target + "2", BODY, NOW),
        ("POST", target, BODY + b" ", NOW),
        ("POST", target, BODY, NOW + timedelta(minutes=6)),
    ):
        with pytest.raises(SignatureRefusedError):
            platform.verify(method, where, header, body, now=at.timestamp())
