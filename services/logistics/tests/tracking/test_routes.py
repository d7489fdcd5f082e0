"""Carriers push, the parties of an order read."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.logistics.tests.factories import (
    CARRIER,
    OPERATOR,
    caller_headers,
    on_its_way,
    push,
    signed,
    with_carrier,
)
from shared.events.logistics import ShipmentDelivered
from shared.testing import published


def row(waybill: str, status: str, at: str, **more: object) -> dict[str, object]:
    return {"waybill_number": waybill, "status": status, "occurred_at": at, **more}


@pytest.fixture
async def way(db: AsyncSession):
    await with_carrier(db)
    return await on_its_way(db)


async def test_a_signed_push_moves_the_parcel_and_its_shipment(client, db, way, as_caller):
    updates = [
        row(way.waybill, "DELIVERED", "2026-11-22T18:00:00+08:00"),
        row(way.waybill, "PICKED_UP", "2026-11-22T12:30:00"),
        row(way.waybill, "5", "2026-11-22T17:00:00+08:00", place="望京", description="快件派送中"),
    ]
    answer = await push(client, "tracking", {"updates": updates})
    assert answer.status_code == 202
    assert answer.json() == {"accepted": 3, "repeated": 0, "refused": []}

    parcel = (await client.get(f"/v1/parcels/{way.parcel_id}", headers=caller_headers(as_caller, way.buyer))).json()
    assert (parcel["status"], parcel["delivered_at"]) == ("DELIVERED", "2026-11-22T10:00:00Z")
    assert (parcel["status_name"], parcel["status_name_en"]) == ("已签收", "Delivered")
    shipment = (
        await client.get(f"/v1/shipments/{way.shipment_id}", headers=caller_headers(as_caller, way.supplier))
    ).json()
    assert (shipment["status"], shipment["delivered_at"]) == ("DELIVERED", "2026-11-22T10:00:00Z")
    assert [event.delivered_at.isoformat() for event in await published(db, ShipmentDelivered)] == [
        "2026-11-22T10:00:00+00:00"
    ]


async def test_the_same_push_again_changes_nothing(client, db, way):
    document = {"updates": [row(way.waybill, "DELIVERED", "2026-11-22T18:00:00+08:00")]}
    await push(client, "tracking", document, webhook_id="msg_same")
    again = await push(client, "tracking", document, webhook_id="msg_same")
    assert again.json() == {"accepted": 0, "repeated": 1, "refused": []}
    assert len(await published(db, ShipmentDelivered)) == 1


async def test_the_log_shows_the_latest_first_with_the_carriers_own_clock(client, way, as_caller):
    updates = [
        row(way.waybill, "OUT_FOR_DELIVERY", "2026-11-22T17:00:00"),
        row(way.waybill, "IN_TRANSIT", "2026-11-22T07:00:00+06:00"),
        row(way.waybill, "ARRIVED_CITY", "2026-11-22T17:00:00+08:00"),
    ]
    await push(client, "tracking", {"updates": updates})
    log = (
        await client.get(f"/v1/parcels/{way.parcel_id}/tracking", headers=caller_headers(as_caller, way.buyer))
    ).json()["items"]
    assert [(line["status"], line["occurred_local"], line["is_zone_assumed"]) for line in log] == [
        ("OUT_FOR_DELIVERY", "2026-11-22T17:00:00+08:00", True),
        ("ARRIVED_CITY", "2026-11-22T17:00:00+08:00", False),
        ("IN_TRANSIT", "2026-11-22T07:00:00+06:00", False),
    ]


async def test_rows_are_refused_one_by_one_and_the_rest_counts(client, way):
    updates = [
        row(way.waybill, "IN_TRANSIT", "2026-11-22T13:00:00+08:00"),
        row(way.waybill, "FLYING", "2026-11-22T13:00:00+08:00"),
        row(way.waybill, "DELIVERED", "yesterday"),
        row(way.waybill, "DELIVERED", "0001-01-01T00:00:00+08:00"),
        row("UNKNOWN-1", "IN_TRANSIT", "2026-11-22T13:00:00+08:00"),
        {"status": "DELIVERED"},
        "nothing",
    ]
    answer = (await push(client, "tracking", {"updates": updates})).json()
    assert answer["accepted"] == 1
    assert [(each["index"], each["code"]) for each in answer["refused"]] == [
        (1, "status-unknown"),
        (2, "occurred-at-invalid"),
        (3, "occurred-at-invalid"),
        (4, "waybill-unknown"),
        (5, "update-malformed"),
        (6, "update-malformed"),
    ]


async def test_an_update_that_came_before_its_parcel_takes_effect_when_the_parcel_appears(client, db, as_caller):
    await with_carrier(db)
    early = row("SF-EARLY-1", "PICKED_UP", "2026-11-22T11:00:00+08:00")
    refused = (await push(client, "tracking", {"updates": [early]})).json()
    assert (refused["accepted"], refused["refused"][0]["code"]) == (0, "waybill-unknown")
    way = await on_its_way(db, waybill="SF-EARLY-1")
    parcel = (await client.get(f"/v1/parcels/{way.parcel_id}", headers=caller_headers(as_caller, OPERATOR))).json()
    assert parcel["status"] == "PICKED_UP"
    assert (await push(client, "tracking", {"updates": [early]})).json()["repeated"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "body-malformed"),
        (b"[]", 400, "body-malformed"),
        (b"{}", 422, "updates-malformed"),
        (b'{"updates": []}', 422, "updates-malformed"),
    ],
)
@pytest.mark.usefixtures("way")
async def test_a_body_that_is_no_push_is_refused(client, body, status, code):
    answer = await client.post(f"/v1/carriers/{CARRIER}/tracking", content=body, headers=signed(body))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_body_written_anew_is_not_the_body_that_was_signed(client, db, way):
    body = orjson.dumps({"updates": [row(way.waybill, "DELIVERED", "2026-11-22T18:00:00+08:00")]})
    rewritten = orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2)
    answer = await client.post(f"/v1/carriers/{CARRIER}/tracking", content=rewritten, headers=signed(body))
    assert (answer.status_code, answer.json()["code"]) == (401, "webhook-signature-invalid")
    assert await db.scalar(text("SELECT count(*) FROM tracking_updates")) == 0


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"webhook-signature": "v1,签名".encode()}, "webhook-header-invalid"),
        ({"webhook-id": "é".encode("latin-1")}, "webhook-header-invalid"),
        ({"webhook-timestamp": b"\xb2\xb3"}, "webhook-header-invalid"),
        ({"webhook-timestamp": b"soon"}, "webhook-timestamp-invalid"),
        ({"webhook-signature": b"v1"}, "webhook-signature-invalid"),
        ({"webhook-signature": b"v1,%%%"}, "webhook-signature-invalid"),
    ],
)
@pytest.mark.usefixtures("way")
async def test_headers_that_nobody_could_have_signed_are_401_and_never_500(client, headers, code):
    body = b'{"updates": []}'
    sent = {name: value.encode() for name, value in signed(body).items()} | headers
    answer = await client.post(
        f"/v1/carriers/{CARRIER}/tracking",
        content=body,
        headers=[(name.encode(), value) for name, value in sent.items()],
    )
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_a_push_without_a_signature_by_a_stranger_or_out_of_time_is_401(client, way):
    document = {"updates": [row(way.waybill, "DELIVERED", "2026-11-22T18:00:00+08:00")]}
    moment = datetime.now(UTC)
    bare = await client.post(f"/v1/carriers/{CARRIER}/tracking", json=document)
    assert (bare.status_code, bare.json()["code"]) == (401, "webhook-header-missing")
    for signing, code in [
        ({"key": b"x" * 32}, "webhook-signature-invalid"),
        ({"carrier": "nobody"}, "webhook-signature-invalid"),
        ({"at": moment - timedelta(minutes=6)}, "webhook-timestamp-too-old"),
        ({"at": moment + timedelta(minutes=6)}, "webhook-timestamp-too-new"),
    ]:
        answer = await push(client, "tracking", document, **signing)
        assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_only_the_parties_of_the_order_read_a_parcel(client, way, as_caller):
    for path in (f"/v1/parcels/{way.parcel_id}", f"/v1/parcels/{way.parcel_id}/tracking"):
        assert (await client.get(path)).status_code == 401
        for caller in (way.buyer, way.supplier, OPERATOR):
            assert (await client.get(path, headers=caller_headers(as_caller, caller))).status_code == 200
        for kind in ("consumer", "institution", "supplier", "carrier", "analyst", "official", "service"):
            answer = await client.get(path, headers=as_caller(kind=kind, organisation_id=uuid4()))
            assert (answer.status_code, answer.json()["code"]) == (404, "parcel-not-found")


async def test_the_log_itself_cannot_be_changed(client, db, way):
    await push(client, "tracking", {"updates": [row(way.waybill, "IN_TRANSIT", "2026-11-22T13:00:00+08:00")]})

    for statement in ("UPDATE tracking_updates SET status = 'DELIVERED'", "DELETE FROM tracking_updates"):
        with pytest.raises(IntegrityError, match="only grows"):
            async with db.begin_nested():
                await db.execute(text(statement))
