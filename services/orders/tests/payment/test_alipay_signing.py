"""Both schemes with keys made here: the documented text is signed, and a key is read in whatever form it comes."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from orders.payment.providers.alipay_signing import AlipayKeys
from orders.payment.providers.signing import MerchantKeys, platform_keys_of, private_key_of, public_key_of
from shared.errors import Unauthenticated

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
OURS, THEIRS = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
KEYS = AlipayKeys("2021", "2088", OURS, THEIRS.public_key())
NODE = "alipay_trade_query_response"


def signed(message: str) -> str:
    return base64.b64encode(THEIRS.sign(message.encode(), PKCS1v15(), SHA256())).decode()


def checked(signature: str, message: str) -> None:
    OURS.public_key().verify(base64.b64decode(signature), message.encode(), PKCS1v15(), SHA256())


def certificate() -> tuple[str, str]:
    """A platform certificate's PEM and its serial number."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(THEIRS.public_key())
        .serial_number(0x5157F09EFDC096DE15EBE81A47057A7200000001)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(THEIRS, SHA256())
    )
    return built.public_bytes(Encoding.PEM).decode(), f"{built.serial_number:X}"


def test_alipay_signs_all_that_is_not_empty_in_order_of_name():
    values = {
        "method": "a.b",
        "biz_content": '{"subject":"香菇 & 米"}',
        "app_id": "2021",
        "return_url": "",
        "sign": "x",
    }
    checked(KEYS.sign(values), 'app_id=2021&biz_content={"subject":"香菇 & 米"}&method=a.b')


def test_alipays_notice_is_checked_without_sign_and_sign_type():
    values = {"total_amount": "79.60", "out_trade_no": "1", "sign_type": "RSA2", "body": ""}
    KEYS.verify_notice(values | {"sign": signed("out_trade_no=1&total_amount=79.60")})
    for wrong in (
        values | {"sign": signed("out_trade_no=1&total_amount=79.60&sign_type=RSA2")},
        values,
        values | {"sign": "签"},
    ):
        with pytest.raises(Unauthenticated):
            KEYS.verify_notice(wrong)


@pytest.mark.parametrize(
    "node", ['{"code":"10000","a":"\\u9999"}', '{ "code" : "10000" }', '{"b":{"sign":"}"},"code":"1"}']
)
def test_alipays_answer_is_checked_over_its_very_text(node: str):
    told = f'{{"{NODE}": {node},"alipay_cert_sn":"1","sign":"{signed(node)}"}}'
    assert KEYS.read_answer(told, NODE) == node
    for wrong in (told.replace("code", "c0de"), told.replace(NODE, "other"), f'{{"{NODE}":{node}}}', "not json", ""):
        with pytest.raises(Unauthenticated):
            KEYS.read_answer(wrong, NODE)


def test_a_refusal_of_the_whole_request_is_read_too():
    node = '{"code":"40002","sub_code":"isv.invalid-signature"}'
    assert KEYS.read_answer(f'{{"error_response":{node},"sign":"{signed(node)}"}}', NODE) == node


def test_a_private_key_is_read_from_pem_bare_base64_either_format_and_a_file(tmp_path: Path):
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        pem = OURS.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
        path = tmp_path / "key.pem"
        path.write_text(pem)
        for told in (pem, "".join(pem.splitlines()[1:-1]), str(path)):
            assert private_key_of(told).private_numbers() == OURS.private_numbers()
    elliptic = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(TypeError):
        private_key_of(elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    with pytest.raises(ValueError):  # noqa: PT011 - whatever cryptography says
        private_key_of("not a key")


def test_a_platforms_key_comes_as_public_key_or_certificate_under_its_own_serial_number():
    pem, serial = certificate()
    public = THEIRS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    keys = platform_keys_of({serial: pem, "PUB_KEY_ID_0114": public})
    assert {name: key.public_numbers() for name, key in keys.items()} == dict.fromkeys(
        (serial, "PUB_KEY_ID_0114"), THEIRS.public_key().public_numbers()
    )
    with pytest.raises(ValueError, match=f"serial number is {serial}"):
        platform_keys_of({"1234": pem})
    assert public_key_of("".join(public.splitlines()[1:-1])).public_numbers() == THEIRS.public_key().public_numbers()


@pytest.mark.parametrize(
    ("serial", "headers"), [("PUB_KEY_ID_0114", {"Wechatpay-Serial": "PUB_KEY_ID_0114"}), ("5157F0", {})]
)
def test_with_a_public_key_the_platform_is_asked_to_sign_with_it(serial: str, headers: dict[str, str]):
    keys = MerchantKeys("19", "wx1", "SN", OURS, b"k" * 32, {serial: THEIRS.public_key()})
    assert keys.wanted_serial == headers


def test_wechats_request_and_call_in_its_app_are_signed_over_the_documented_lines():
    keys = MerchantKeys("19", "wx1", "SN", OURS, b"k" * 32, {})
    header = keys.authorization("GET", "/v3/x?y=1", b"", now=NOW)
    parts = dict(part.split("=", 1) for part in header.partition(" ")[2].split(","))
    told = {name: value.strip('"') for name, value in parts.items()}
    checked(told["signature"], f"GET\n/v3/x?y=1\n{told['timestamp']}\n{told['nonce_str']}\n\n")
    call = keys.in_app_call("prepay_id=wx2", now=NOW)
    checked(call["paySign"], f"wx1\n{call['timeStamp']}\n{call['nonceStr']}\nprepay_id=wx2\n")
