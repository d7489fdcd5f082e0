"""A paid order as rows: what is kept, what is not."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import orjson
from factories import order_paid, sold_line

from analytics.fact import rules

KEY = b"k" * 32


def test_a_line_becomes_a_row_with_its_whole_weight_and_its_origin():
    event = order_paid(sold_line(quantity=4, net_weight_g=500, payable_fen=1990, origin_county_code="500235"))
    (row,) = rules.fact_rows(event, version=9, is_cancelled=False, hash_key=KEY)
    assert (row["quantity"], row["weight_g"], row["sales_fen"]) == (4, 2000, 1990)
    assert (row["origin_county"], row["origin_city"], row["origin_province"]) == ("500235", "500000", "500000")
    assert (row["is_cancelled"], row["version"]) == (0, 9)


def test_nothing_personal_passes():
    event = order_paid()
    written = orjson.dumps(list(rules.fact_rows(event, version=1, is_cancelled=False, hash_key=KEY))).decode()
    address = [said for said in event.address.model_dump().values() if said]
    assert len(address) >= 4, address
    for secret in (str(event.buyer_id), event.buyer_id.hex, *address):
        assert secret not in written


def test_the_same_buyer_has_the_same_key_and_another_hash_key_another():
    buyer = uuid4()
    assert rules.buyer_key(buyer, KEY) == rules.buyer_key(UUID(str(buyer)), KEY)
    assert rules.buyer_key(buyer, KEY) != rules.buyer_key(buyer, b"l" * 32)
    assert rules.buyer_key(buyer, KEY) != rules.buyer_key(uuid4(), KEY)


def test_a_designation_named_twice_is_one():
    event = order_paid(sold_line(designations=("key-160", "assisted-832", "key-160")))
    (row,) = rules.fact_rows(event, version=1, is_cancelled=False, hash_key=KEY)
    assert row["designations"] == ["assisted-832", "key-160"]


def test_a_cancelled_row_outlives_every_version_of_its_payment():
    event = order_paid()
    (void,) = rules.fact_rows(event, version=1, is_cancelled=True, hash_key=KEY)
    (paid,) = rules.fact_rows(event, version=2**62, is_cancelled=False, hash_key=KEY)
    assert void["version"] > paid["version"]
    assert void["version"] < 2**64


def test_the_last_microseconds_of_a_day_stay_in_it():
    assert rules.instant_text(datetime(2026, 11, 22, 15, 59, 59, 999999, tzinfo=UTC)) == "2026-11-22 15:59:59.999"


def test_the_version_is_the_position_behind_the_transaction():
    assert rules.version_of("812-45") == 45
