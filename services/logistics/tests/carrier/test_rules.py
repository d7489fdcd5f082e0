"""Standard Webhooks signatures, checked against the standard's own library."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from logistics.carrier.rules import ensure_overlap, ensure_signed, secret_key
from shared.errors import Invalid, Unauthenticated
from shared.webhooks import secret_hint, secret_text, signature

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
OLD, NEW = b"o" * 32, b"n" * 32
BODY = '{"updates":[{"place":"石家庄"}]}'.encode()


def library_signature(key: bytes, body: bytes, at: datetime = NOW, webhook_id: str = "msg_1") -> str:
    return Webhook(secret_text(key)).sign(webhook_id, at, body.decode())


def check(
    body: bytes = BODY,
    *,
    signatures: str | None = None,
    keys: tuple[bytes, ...] = (OLD,),
    webhook_id: str | None = "msg_1",
    timestamp: str | None = None,
    now: datetime = NOW,
) -> None:
    ensure_signed(
        body,
        webhook_id=webhook_id,
        timestamp=str(int(NOW.timestamp())) if timestamp is None else timestamp,
        signatures=library_signature(OLD, BODY) if signatures is None else signatures,
        keys=keys,
        now=now,
    )


def refused_with(**given_: object) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        check(**given_)  # type: ignore[arg-type]
    return refusal.value.code


def test_what_the_standards_library_signs_is_accepted():
    check()


@given(st.text(max_size=200), st.binary(min_size=24, max_size=64))
def test_our_signature_is_the_librarys_for_any_body_and_key(text: str, key: bytes):
    body = text.encode(errors="ignore")
    ours = signature(key, webhook_id="msg_1", timestamp=str(int(NOW.timestamp())), body=body)
    assert ours == library_signature(key, body)


def test_either_of_two_valid_secrets_will_do_and_either_of_two_signatures():
    check(keys=(NEW, OLD))
    check(keys=(NEW,), signatures=f"{library_signature(OLD, BODY)} {library_signature(NEW, BODY)}")


def test_a_secret_that_ended_signs_no_more():
    assert refused_with(keys=(NEW,)) == "webhook-signature-invalid"
    assert refused_with(keys=()) == "webhook-signature-invalid"


def test_the_raw_bytes_are_what_was_signed():
    assert refused_with(body=BODY + b"\n") == "webhook-signature-invalid"
    assert refused_with(body=BODY.replace(b":", b": ")) == "webhook-signature-invalid"


def test_id_and_timestamp_are_part_of_what_was_signed():
    assert refused_with(webhook_id="msg_2") == "webhook-signature-invalid"
    assert refused_with(timestamp=str(int(NOW.timestamp()) + 1)) == "webhook-signature-invalid"


def test_five_minutes_either_way_are_borne_and_no_more():
    check(now=NOW + timedelta(minutes=5))
    check(now=NOW - timedelta(minutes=5))
    assert refused_with(now=NOW + timedelta(minutes=5, seconds=1)) == "webhook-timestamp-too-old"
    assert refused_with(now=NOW - timedelta(minutes=5, seconds=1)) == "webhook-timestamp-too-new"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"webhook_id": None}, "webhook-header-missing"),
        ({"signatures": ""}, "webhook-header-missing"),
        ({"webhook_id": "编号"}, "webhook-header-invalid"),
        ({"signatures": "v1,签"}, "webhook-header-invalid"),
        ({"timestamp": "١٢٣"}, "webhook-header-invalid"),
        ({"webhook_id": "x" * 2001}, "webhook-header-invalid"),
        ({"timestamp": "-1"}, "webhook-timestamp-invalid"),
        ({"timestamp": "1e9"}, "webhook-timestamp-invalid"),
        ({"timestamp": "9" * 12}, "webhook-timestamp-invalid"),
        ({"signatures": "v1"}, "webhook-signature-invalid"),
        ({"signatures": "v2,AAAA , v1,"}, "webhook-signature-invalid"),
    ],
)
def test_odd_headers_are_refused_and_never_break(headers: dict[str, object], code: str):
    assert refused_with(**headers) == code


def test_a_secret_is_shown_and_read_back_and_hinted_at():
    assert secret_key(secret_text(OLD)) == OLD
    assert secret_hint(OLD) == "whsec_…vb28="
    assert OLD.decode() not in secret_hint(OLD)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!", "b2s=", "whsec_" + "A" * 200])
def test_a_secret_that_is_short_long_or_no_base64_is_refused(text: str):
    with pytest.raises(Invalid) as refusal:
        secret_key(text)
    assert (refusal.value.code, refusal.value.field) == ("secret-malformed", "secret")


@pytest.mark.parametrize("hours", [-1, 169])
def test_an_overlap_is_at_most_a_week(hours: int):
    ensure_overlap(timedelta(hours=168))
    with pytest.raises(Invalid) as refusal:
        ensure_overlap(timedelta(hours=hours))
    assert refusal.value.code == "overlap-too-long"
