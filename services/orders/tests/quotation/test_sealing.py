"""The seal: nobody reads a bid before the deadline, and nothing of it stands in the database."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.quotation import actions, bidding, queries
from orders.quotation.sealing import Seal
from services.orders.tests.factories import NOW
from services.orders.tests.quotation import asking
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal

MARK = "密封里的话"


async def dumped(db: AsyncSession) -> str:
    """Everything that the tables of quotations hold, the outbox and the trail, as text."""
    tables = [
        row[0]
        for row in await db.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        if row[0].startswith("quotation") or row[0] in {"outbox", "trail_entries"}
    ]
    assert len(tables) == 9
    found = []
    for each in tables:
        told = "WHERE type NOT LIKE '%stock%'" if each == "outbox" else ""  # those tell of the shelves, not of bids
        found += [str(row[0]) for row in await db.execute(text(f"SELECT to_jsonb(t)::text FROM {each} AS t {told}"))]  # noqa: S608
    return "\n".join(found)


async def test_before_the_opening_the_database_holds_no_price_no_sku_and_no_word(db: AsyncSession):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    for number, supplier in enumerate(table.suppliers):
        await asking.offered(db, table, quotation, supplier, 4_321_077 + number, 8_765_033, note=MARK)
    held = await dumped(db)
    skus = [str(sku_id) for each in table.skus.values() for sku_id in each]
    for secret in ("4321077", "4321078", "8765033", "43210770", MARK, *skus):
        assert secret not in held
        assert secret.encode().hex() not in held
    await asking.opened(db, table, quotation)
    held = await dumped(db)
    assert "4321077" in held and MARK in held  # noqa: PT018 - the same look finds them once they are there


async def test_no_reader_learns_of_a_bid_before_the_opening(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any
):
    now = utc_now()
    table = await asking.laid_table(db)
    quotation = await asking.asked(
        db, table, now=now, closes_at=now + timedelta(hours=1),
        deliver_from=now + timedelta(days=2), deliver_until=now + timedelta(days=3),
    )  # fmt: skip
    path, bidder = f"/v1/quotations/{quotation.quotation_id}", table.suppliers[0]
    unit = as_caller(kind="institution", organisation_id=table.unit.organisation_id, roles=("buyer",))
    operator = as_caller(kind="operator", roles=("operator",))
    rival = as_caller(kind="supplier", organisation_id=table.suppliers[1].organisation_id, roles=("sales",))
    invitation = f"/v1/quotation-invitations/{quotation.quotation_id}"
    readings = [
        (each, who)
        for who in (unit, operator)
        for each in (path, f"{path}/comparison", f"{path}/trail", "/v1/quotations", "/v1/quotations/export?format=csv")
    ] + [(invitation, rival), ("/v1/quotation-invitations", rival)]

    async def read() -> list[tuple[int, str]]:
        answers = [await client.get(each, headers=who) for each, who in readings]
        return [(answer.status_code, answer.text) for answer in answers]

    before = await read()
    assert {status for status, _ in before} == {200}
    await asking.offered(db, table, quotation, bidder, 4_321_077, 8_765_033, now=now, note=MARK)
    assert await read() == before, "not even that there is a bid"
    own = as_caller(kind="supplier", organisation_id=bidder.organisation_id, roles=("sales",))
    told = (await client.get(invitation, headers=own)).json()["own_bid"]
    assert (told["status"], told["note"], told["offers"][0]["unit_price_fen"]) == ("SEALED", MARK, 4_321_077)
    for who in (unit, operator):
        assert (await client.get(invitation, headers=who)).status_code == 403
    refused = await client.post(
        f"{path}/open", json={"reason": ""}, headers=unit | {"idempotency-key": "k", "if-match": '"2"'}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "quotation-sealed")


async def test_a_seal_opens_for_its_own_bid_under_its_own_key_only(db: AsyncSession):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    one = await asking.offered(db, table, quotation, table.suppliers[0], 100, 200)
    assert one.sealed is not None
    told = asking.SEAL.open(one.sealed, quotation_id=quotation.quotation_id, bid_id=one.bid_id)
    assert [each.unit_price_fen for each in told.offers] == [100, 200]
    for seal, ids in (
        (Seal("another secret of the house"), (quotation.quotation_id, one.bid_id)),
        (asking.SEAL, (uuid4(), one.bid_id)),
        (asking.SEAL, (quotation.quotation_id, uuid4())),
    ):
        with pytest.raises(Refusal) as refused:
            seal.open(one.sealed, quotation_id=ids[0], bid_id=ids[1])
        assert refused.value.code == "bid-unreadable"
    assert bidding.own_bid(asking.SEAL, quotation, one, supplier_id=uuid4()) is None


@pytest.mark.parametrize(
    "statement",
    [
        (
            "INSERT INTO quotation_offers (bid_id, line_id, sku_id, product_title, specification, origin_county_code,"
            " piece_count, unit_price_fen, amount_fen) SELECT bid_id, line_id, bid_id, '', '', '', 1, 1, 1"
            " FROM quotation_bids, quotation_lines"
        ),
        "UPDATE quotation_bids SET status = 'OPENED', total_fen = 1, promised_on = '2026-12-01'",
        "UPDATE quotation_bids SET total_fen = 1",
        "UPDATE quotation_bids SET submitted_at = '2027-01-01'",
        "UPDATE quotations SET status = 'OPENED', opened_at = '2026-11-23', opened_by = asked_by",
        "UPDATE quotations SET closes_at = closes_at - interval '1 day'",
        "UPDATE quotations SET title = 'something else'",
        "UPDATE quotation_lines SET quantity = 1",
        "DELETE FROM quotation_invitations",
        "UPDATE quotations SET status = 'AWARDED'",
    ],
)
async def test_the_database_keeps_the_seal_whoever_writes(db: AsyncSession, statement: str):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    await asking.offered(db, table, quotation, table.suppliers[0], 100, 200)
    with pytest.raises(IntegrityError):
        async with db.begin_nested():
            await db.execute(text(statement))


async def test_what_is_opened_stays_as_it_was(db: AsyncSession):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    for supplier in table.suppliers:
        await asking.offered(db, table, quotation, supplier, 100, 200)
    await asking.opened(db, table, quotation)
    for statement in (
        "UPDATE quotation_offers SET unit_price_fen = 1, amount_fen = piece_count",
        "UPDATE quotation_bids SET total_fen = 1",
        "UPDATE quotation_bids SET sealed = 'x'",
    ):
        with pytest.raises(IntegrityError):
            async with db.begin_nested():
                await db.execute(text(statement))


async def test_bids_and_the_opening_at_once_lose_nothing_and_let_nothing_in_later(
    fresh_database: Database,
):
    async with fresh_database.begin() as db:
        table = await asking.laid_table(db, supplier_count=12)
        quotation = await asking.asked(db, table)
        for supplier in table.suppliers[:3]:
            await asking.offered(db, table, quotation, supplier, 900, 900)

    async def bid(supplier: Caller) -> str:
        try:
            async with fresh_database.begin() as db:
                await asking.offered(
                    db, table, quotation, supplier, 500, 500, now=asking.DEADLINE - timedelta(seconds=1)
                )
        except Refusal as refusal:
            return refusal.code
        return "bid"

    async def open_it() -> str:
        async with fresh_database.begin() as db:
            await asking.opened(db, table, quotation)
        return "opened"

    outcomes = await asyncio.gather(*(bid(each) for each in table.suppliers), open_it())
    assert set(outcomes) <= {"bid", "opened", "quotation-status"}
    async with fresh_database.begin() as db:
        found = await queries.list_opened_bids(db, quotation.quotation_id)
        assert await db.scalar(text("SELECT count(*) FROM quotation_bids WHERE status <> 'OPENED'")) == 0
        cheap = {each.supplier_id for each in found if each.total_fen == 10_000}
        told = {
            supplier.organisation_id
            for supplier, outcome in zip(table.suppliers, outcomes[:-1], strict=True)
            if outcome == "bid"
        }
        assert cheap == told, "who was told that the bid counts, counts"


async def test_two_who_open_at_once_open_once(fresh_database: Database):
    async with fresh_database.begin() as db:
        table = await asking.laid_table(db)
        quotation = await asking.asked(db, table)
        for supplier in table.suppliers:
            await asking.offered(db, table, quotation, supplier, 900, 900)

    async def open_it() -> str:
        try:
            async with fresh_database.begin() as db:
                await actions.open_quotation(
                    db,
                    asking.SEAL,
                    quotation_id=quotation.quotation_id,
                    expected_revision=2,
                    reason="",
                    caller=table.handler,
                    now=asking.AFTER,
                )
        except Refusal as refusal:
            return refusal.code
        return "opened"

    assert sorted(await asyncio.gather(open_it(), open_it())) == ["opened", "stale"]
    assert NOW < asking.DEADLINE
