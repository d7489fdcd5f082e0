"""The table of who is told what, and the sentences it names."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from gateway.handlers import HEARD
from gateway.known.rules import Heard, Order
from gateway.message import rules
from gateway.message.models import Message
from gateway.pages.message_text import sentence_of
from gateway.pages.wording import wording
from gateway.visitor import Language
from shared.errors import Invalid

OWN = {rules.PAYMENT_DUE, rules.WEBHOOK_DISABLED}


def test_every_row_is_about_an_event_that_is_heard_and_names_facts_that_it_has():
    heard = {event.type: event for events in HEARD.values() for event in events}
    known = {"order_id", "order_number", "title", "title_en", "count", "waybills", "payable_fen"}
    for row in rules.TELLINGS:
        assert row.kind in rules.KINDS
        if row.event not in OWN:
            assert set(row.facts) <= known | set(heard[row.event].model_fields), row
            assert set(row.only) | set(row.unless) | set(row.but_not) <= set(heard[row.event].model_fields), row


def test_every_row_has_a_sentence_in_both_languages_that_its_facts_fill_in(language: Language):
    sentences = wording(language).names["message"]
    assert set(sentences) == {row.template for row in rules.TELLINGS} - {"notice"}
    for row in rules.TELLINGS:
        if row.template != "notice":
            facts = dict.fromkeys(row.facts, "甲")
            whole = sentences[row.template].format_map(facts | {"title": "甲"})
            assert "{" not in whole
            assert sentence_of(row.template, facts, language) == whole


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> Language:
    return "zh" if request.param == "zh" else "en"


def test_every_kind_has_a_name_and_a_way(language: Language):
    assert set(wording(language).names["message_kind"]) == set(rules.KINDS)
    assert {kind: rules.wants_mail(kind, {}) for kind in rules.KINDS} == rules.MAILED_BY_DEFAULT
    assert rules.wants_mail("stock", {"stock": True})
    assert not rules.wants_mail("order", {"order": False})
    with pytest.raises(Invalid):
        rules.ensure_kind("weather")


def test_the_database_knows_the_same_kinds():
    check = next(each for each in Message.__table__.constraints if each.name == "ck_messages_kind_known")
    assert all(f"'{kind}'" in str(check.sqltext) for kind in rules.KINDS)


def test_points_that_expire_are_told_to_their_person():
    person_id, event_id, now = uuid4(), uuid4(), datetime(2026, 11, 22, tzinfo=UTC)
    data = {"person_id": str(person_id), "lot_id": str(uuid4()), "points": 90, "expires_at": "2026-12-01T16:00:00Z"}
    [draft] = rules.drafts_of(Heard(event_id, "orders.points-expiring.v1", now, data))
    assert (draft.receiver, draft.link) == (rules.Receiver(person_id, None), "/account/points")
    assert sentence_of(draft.template, draft.facts, "zh").startswith("90 爱心卡积分将于")


def test_who_booked_a_harvest_is_told_what_is_due_and_its_supplier_is_not():
    buyer_id, booking_id = uuid4(), uuid4()
    data = {
        "booking_id": str(booking_id),
        "buyer_id": str(buyer_id),
        "booking_number": "261122-ABCDE-FGHJK",
        "product_title": "房县香菇",
        "quantity": 4,
        "allocated_count": 3,
        "balance_fen": 8100,
        "due_at": "2026-12-01T04:00:00Z",
    }
    [draft] = rules.drafts_of(
        Heard(uuid4(), "orders.presale-balance-due.v1", datetime(2026, 11, 22, tzinfo=UTC), data, None, [], {})
    )
    assert draft.receiver == rules.Receiver(buyer_id, None)
    assert draft.link == f"/account/presales/{booking_id}"
    assert "¥81.00" in sentence_of(draft.template, draft.facts, "zh")


def told_to_buyer(event: str, **data: str) -> tuple[str, str, str]:
    order = Order(uuid4(), "261122-ABCDE-FGHJK", uuid4(), None, {})
    now = datetime(2026, 11, 22, tzinfo=UTC)
    drafts = rules.drafts_of(Heard(uuid4(), event, now, data | {"order_id": str(order.order_id)}, order))
    [draft] = [each for each in drafts if each.receiver.person_id == order.buyer_id]
    return draft.template, draft.link, sentence_of(draft.template, draft.facts, "zh")


def test_what_was_decided_of_a_claim_is_told_with_its_reason():
    event = "orders.after-sales-answered.v1"
    data = {"subject_id": "c1", "product_title": "桃", "reason": "发货时完好"}
    template, link, text = told_to_buyer(event, kind="claim", answer="refused", **data)
    assert (template, link) == ("claim-refused", "/claims/c1")
    assert text.endswith("桃，商家没有同意理赔：发货时完好。不认可可以请平台再看。")
    assert told_to_buyer(event, kind="exchange", answer="granted", **data)[0] == "exchange-granted"
    assert told_to_buyer("orders.refund-granted.v1", cause="claim", cause_id="c1")[:2] == (
        "claim-granted",
        "/claims/c1",
    )
    assert told_to_buyer("orders.refund-granted.v1", cause="return", cause_id="r1")[0] == "refund-granted"


def test_a_delivery_names_who_sent_what_and_an_older_event_does_not():
    event = "logistics.shipment-delivered.v1"
    text = told_to_buyer(event, supplier_name="大山合作社", product_title="香菇")[2]
    assert "大山合作社发的香菇等已全部签收" in text
    assert told_to_buyer(event, supplier_name="", product_title="")[0] == "parcel-delivered"


def test_parcels_that_arrive_before_the_others_are_counted():
    event, waybills = "logistics.parcels-arrived.v1", ["SF2"]
    counts = {"waybill_numbers": waybills, "arrived_count": 1, "parcel_count": 3}
    template, link, text = told_to_buyer(event, **counts, is_all_sent=True)
    assert (template, link.endswith("/tracking")) == ("some-arrived", True)
    assert text.endswith("共 3 个包裹，已签收 1 个（SF2），其余还在路上。")
    text = told_to_buyer(event, **counts, is_all_sent=False)[2]
    assert text.endswith("的包裹 SF2 已签收，其余商品还没发完。")
