"""States, steps, addresses and what an organisation may see."""

import ipaddress
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.handlers import HEARD
from gateway.known.rules import Heard, Order
from gateway.tests.factories import a_line, a_part, paid
from gateway.webhook import rules
from gateway.webhook.rules import Outcome
from shared.errors import Conflict, Invalid

FAILED = Outcome(500, error="answered 500")


def test_the_schedule_is_the_standards():
    waits = [each.total_seconds() for each in rules.SCHEDULE]
    assert waits == [0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert sum(rules.SCHEDULE, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)


@given(step=st.integers(1, 9), chance=st.floats(0, 1))
def test_a_failure_is_tried_again_after_its_step_and_a_little(step: int, chance: float):
    now = datetime(2026, 11, 22)  # noqa: DTZ001
    wait = rules.next_try(FAILED, step=step, now=now, chance=chance) - now
    assert rules.SCHEDULE[step] <= wait <= rules.SCHEDULE[step] * 1.1
    assert rules.verb_after(FAILED, step=step) == "retry"


def test_ten_tries_are_enough_and_gone_is_at_once():
    assert rules.verb_after(FAILED, step=10) == "give up"
    assert rules.verb_after(Outcome(410), step=1) == "give up"
    assert [rules.verb_after(Outcome(status), step=1) for status in (200, 204, 299)] == ["succeed"] * 3
    assert [rules.verb_after(Outcome(status), step=1) for status in (199, 301, 302, 404, 429, 503, None)] == [
        "retry"
    ] * 7


def test_who_says_when_is_heard_within_a_day():
    now = datetime(2026, 11, 22)  # noqa: DTZ001
    for asked, wait in ((2, 2), (48, 24)):
        busy = Outcome(503, retry_after=timedelta(hours=asked))
        assert rules.next_try(busy, step=1, now=now, chance=0) == now + timedelta(hours=wait)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://10.0.0.1/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://localhost/",
        "https://orders/",
        "https://db.internal/",
        "https://printer.local./",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://user:pass@example.com/",
        "https://example.com/#part",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com\\@10.0.0.1/",
        "ftp://example.com/",
        "https:///nowhere",
        "",
    ],
)
def test_addresses_that_are_not_of_the_internet_are_refused(url: str):
    with pytest.raises(Invalid, match="https address"):
        rules.ensure_url(url, allows_local=False)


def test_public_addresses_are_taken_and_this_machine_in_development_only():
    for url in ("https://example.com/hooks?x=1", "https://hooks.example.com:8443/", "https://1.1.1.1/"):
        assert rules.ensure_url(url, allows_local=False) == url
    local = "http://127.0.0.1:9000/hook"
    assert rules.ensure_url(local, allows_local=True) == local
    with pytest.raises(Invalid):
        rules.ensure_url("http://example.com/", allows_local=True)
    assert not rules.is_callable("example.com", "127.0.0.1", allows_local=True)
    assert not rules.is_callable("127.0.0.1", "127.0.0.1", allows_local=False)


@given(address=st.ip_addresses())
def test_whatever_python_calls_private_is_not_called(address: ipaddress.IPv4Address | ipaddress.IPv6Address):
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert not rules.is_callable("example.com", str(address), allows_local=True)


def test_every_event_that_is_offered_is_heard_and_its_fields_exist():
    heard = {event.type: event for events in HEARD.values() for event in events}
    for event_type, seen in rules._SEEN.items():
        for fields in seen.values():
            assert set(fields) <= set(heard[event_type].model_fields), event_type
            assert not set(fields) & {"address", "buyer_id", "recipient", "phone"}


def test_a_supplier_sees_its_own_part_and_no_person():
    first, second = uuid4(), uuid4()
    order = paid(uuid4(), a_part(first, a_line("房县花菇")), a_part(second, a_line("雷山鱼酱")))
    known = Order(
        order.order_id,
        order.order_number,
        order.buyer_id,
        uuid4(),
        {part.supplier_order_id: part.supplier_id for part in order.parts},
    )
    heard = Heard(uuid4(), order.type, order.paid_at, order.model_dump(mode="json"), known)
    told = dict(rules.audience_of(heard))
    assert set(told) == {first, second, known.organisation_id}
    assert "雷山鱼酱" not in str(told[first])
    assert "payable_fen" not in told[first]
    assert [part["supplier_id"] for part in told[first]["parts"]] == [str(first)]
    for data in told.values():
        assert not any(secret in str(data) for secret in ("王小梅", "13800000000", "望京", str(order.buyer_id)))


def test_what_is_chosen_is_known():
    assert rules.ensure_event_types(["orders.order-paid.v1"] * 2) == ["orders.order-paid.v1"]
    for wrong in ([], ["orders.order-praised.v1"]):
        with pytest.raises(Invalid):
            rules.ensure_event_types(wrong)
    rules.ensure_room(rules.MOST_ENDPOINTS - 1)
    with pytest.raises(Conflict):
        rules.ensure_room(rules.MOST_ENDPOINTS)
