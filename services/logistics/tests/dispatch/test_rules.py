"""A dispatch holds exactly what was paid, each waybill once, and happens once."""

from uuid import UUID

import pytest

from logistics.dispatch.actions import class_of
from logistics.dispatch.rules import PlannedParcel, ensure_complete, ensure_distinct, ensure_pending
from shared.errors import Refusal

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)


def code_of(call) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.code


def test_parcels_may_share_a_sku_if_the_sum_is_what_was_paid():
    ensure_complete([PlannedParcel("sf", "1", {A: 2, B: 1}), PlannedParcel("sf", "2", {A: 3})], {A: 5, B: 1})


def test_too_few_too_many_and_never_paid_are_named():
    parcels = [PlannedParcel("sf", "1", {A: 6, C: 1})]
    with pytest.raises(Refusal) as refusal:
        ensure_complete(parcels, {A: 5, B: 1})
    assert refusal.value.code == "quantities-differ"
    assert refusal.value.extra["differences"] == [
        {"sku_id": str(A), "paid": 5, "packed": 6},
        {"sku_id": str(B), "paid": 1, "packed": 0},
        {"sku_id": str(C), "paid": 0, "packed": 1},
    ]


def test_one_waybill_is_one_parcel_but_two_carriers_may_use_one_number():
    ensure_distinct([PlannedParcel("sf", "1", {}), PlannedParcel("post", "1", {})])
    assert (
        code_of(lambda: ensure_distinct([PlannedParcel("sf", "1", {}), PlannedParcel("sf", "1", {})]))
        == "waybill-repeated"
    )


def test_a_shipment_leaves_once_and_not_after_its_order_was_cancelled():
    ensure_pending("PENDING")
    assert code_of(lambda: ensure_pending("DISPATCHED")) == "shipment-already-dispatched"
    assert code_of(lambda: ensure_pending("DELIVERED")) == "shipment-already-dispatched"
    assert code_of(lambda: ensure_pending("CANCELLED")) == "shipment-cancelled"


def test_a_parcel_of_goods_without_figures_keeps_their_class():
    assert class_of(["MOON_ROCK", "MUSHROOM"]) == "MUSHROOM"
    assert class_of(["MOON_ROCK"]) == "MOON_ROCK"
