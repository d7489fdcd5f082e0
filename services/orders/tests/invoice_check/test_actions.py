"""Entering, rejecting, correcting and accepting the invoices of an order."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.invoice_check import actions, queries
from orders.settlement import queries as settlement_queries
from services.orders.tests.settlement.settling import LATER, Owed, accept, accepted, enter, entry_for, paid_of
from services.orders.tests.unit_factories import unit as a_unit
from shared.db import Database
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale, TooLarge, Unsupported
from shared.files import Files
from shared.ids import new_id


async def statuses(db: AsyncSession, owed: Owed) -> list[str]:
    return [each.status for each in await queries.list_invoices(db, owed.order_id)]


async def test_an_invoice_that_agrees_lets_the_order_be_paid(db: AsyncSession):
    owed = await accepted(db, 10, 2)
    invoice = await enter(db, owed)
    assert (invoice.gross_fen, invoice.net_fen, invoice.tax_fen) == (42_000, 38_532, 3_468)
    lines = (await queries.list_lines(db, [invoice.invoice_id]))[invoice.invoice_id]
    assert [(line.gross_fen, line.net_fen) for line in lines] == [(35_000, 32_110), (7_000, 6_422)]
    await accept(db, owed)
    assert await statuses(db, owed) == ["ACCEPTED"]
    assert (await paid_of(db, owed))[0] == "INVOICE_CHECKED"


async def test_several_invoices_come_to_it_together(db: AsyncSession):
    owed = await accepted(db, 10, 2)
    whole = await entry_for(db, owed)
    for number, line in zip(("1" * 20, "2" * 20), whole.lines, strict=True):
        await enter(db, owed, number=number, lines=(line,), gross_fen=line.gross_fen)
    await accept(db, owed)
    assert await statuses(db, owed) == ["ACCEPTED", "ACCEPTED"]


async def test_what_does_not_agree_is_sent_back_and_corrected(db: AsyncSession):
    owed = await accepted(db, 10)
    invoice = await enter(db, owed, title="别的学校")
    with pytest.raises(Conflict) as refused:
        await accept(db, owed)
    assert (refused.value.code, refused.value.extra["fields"]) == ("invoices-differ", ["title"])
    facts = {"invoice_id": invoice.invoice_id, "caller": owed.deal.member("finance"), "now": LATER}
    with pytest.raises(Invalid) as silent:
        await actions.move_invoice(db, verb="reject", reason="", expected_revision=1, **facts)
    assert silent.value.code == "reason-missing"
    await db.refresh(invoice)
    assert invoice.status == "SUBMITTED"
    await actions.move_invoice(db, verb="reject", reason="抬头不对", expected_revision=1, **facts)
    with pytest.raises(Conflict) as empty:
        await accept(db, owed)
    assert empty.value.code == "invoices-missing"
    with pytest.raises(Stale):
        await correct(db, owed, invoice.invoice_id, revision=1)
    await correct(db, owed, invoice.invoice_id, revision=2)
    assert await statuses(db, owed) == ["SUBMITTED"]
    await accept(db, owed)
    assert await statuses(db, owed) == ["ACCEPTED"]
    with pytest.raises(Conflict) as late:
        await correct(db, owed, invoice.invoice_id, revision=4)
    assert late.value.code == "settlement-stage"


async def correct(db: AsyncSession, owed: Owed, invoice_id: object, *, revision: int) -> None:
    await actions.correct_invoice(
        db,
        invoice_id=invoice_id,  # type: ignore[arg-type]
        entry=await entry_for(db, owed),
        expected_revision=revision,
        caller=owed.deal.supplier,
        now=LATER,
    )


async def test_small_differences_need_a_word(db: AsyncSession):
    owed = await accepted(db, 10)
    entry = await entry_for(db, owed)
    await enter(db, owed, lines=(replace(entry.lines[0], name="农产品"),))
    with pytest.raises(Invalid) as refused:
        await accept(db, owed)
    assert refused.value.code == "reason-missing"
    await accept(db, owed, reason="品名为大类，可以接受")
    assert (await paid_of(db, owed))[0] == "INVOICE_CHECKED"


async def test_a_union_purchase_is_made_out_to_the_unions_committee(db: AsyncSession):
    unit = await a_unit(db)
    owed = await accepted(db, 10, unit=unit, fund="UNION")
    await enter(db, owed)
    with pytest.raises(Conflict) as refused:
        await accept(db, owed)
    assert refused.value.extra["fields"] == ["taxpayer-id", "title"]
    [invoice] = await queries.list_invoices(db, owed.order_id)
    entry = await entry_for(db, owed, title=unit.union_name, taxpayer_id=unit.union_uscc)
    await actions.correct_invoice(
        db,
        invoice_id=invoice.invoice_id,
        entry=entry,
        expected_revision=1,
        caller=owed.deal.supplier,
        now=LATER,
    )
    await accept(db, owed)
    assert (await paid_of(db, owed))[0] == "INVOICE_CHECKED"


async def test_a_number_is_used_once_whoever_uses_it(db: AsyncSession):
    first, second = await accepted(db, 10), await accepted(db, 10)
    invoice = await enter(db, first, number="7" * 20)
    with pytest.raises(Conflict) as refused:
        await enter(db, second, number="7" * 20)
    assert (refused.value.code, refused.value.field) == ("invoice-number-used", "number")
    assert await statuses(db, second) == []
    await actions.move_invoice(
        db,
        invoice_id=invoice.invoice_id,
        verb="withdraw",
        reason="",
        expected_revision=1,
        caller=first.deal.supplier,
        now=LATER,
    )
    await enter(db, second, number="7" * 20)
    with pytest.raises(IntegrityError):
        async with db.begin_nested():
            await db.execute(text("UPDATE unit_invoices SET status = 'SUBMITTED'"))


async def test_the_lines_come_to_the_sums_at_commit(db: AsyncSession):
    await enter(db, await accepted(db, 10))
    with pytest.raises(IntegrityError):
        async with db.begin_nested():
            await db.execute(text("UPDATE unit_invoices SET gross_fen = gross_fen + 1, net_fen = net_fen + 1"))
            await db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


async def test_only_who_is_concerned_may_and_only_in_its_time(db: AsyncSession):
    owed, other = await accepted(db, 10), await accepted(db, 10)
    entry = await entry_for(db, owed)
    facts = {"invoice_id": new_id(), "order_id": owed.order_id, "entry": entry, "now": LATER}
    for caller in (other.deal.supplier, owed.deal.member("finance")):
        with pytest.raises(NotFound) as hidden:
            await actions.enter_invoice(db, caller=caller, **facts)
        assert hidden.value.code == "settlement-not-found"
    await enter(db, owed)
    row = (await settlement_queries.lock_owed(db, [owed.order_id], now=LATER))[owed.order_id]
    accepting = {"order_id": owed.order_id, "reason": "", "now": LATER}
    with pytest.raises(Forbidden) as unfit:
        await actions.accept_invoices(
            db, caller=owed.deal.member("auditor"), expected_revision=row.revision, **accepting
        )
    assert unfit.value.code == "duty-missing"
    with pytest.raises(NotFound):
        await actions.accept_invoices(
            db, caller=other.deal.member("finance"), expected_revision=row.revision, **accepting
        )
    with pytest.raises(Stale):
        await actions.accept_invoices(
            db, caller=owed.deal.member("finance"), expected_revision=row.revision - 1, **accepting
        )
    await accept(db, owed)
    with pytest.raises(Conflict) as late:
        await actions.enter_invoice(db, caller=owed.deal.supplier, **facts)
    assert (late.value.code, late.value.extra["stage_now"]) == ("settlement-stage", "INVOICE_CHECKED")


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.7 x", "application/pdf"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><EInvoice/>', "application/xml"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
    ],
)
async def test_the_invoice_itself_is_kept(db: AsyncSession, tmp_path: Path, content: bytes, media_type: str):
    owed = await accepted(db, 10)
    invoice = await enter(db, owed)
    files = Files(f"file://{tmp_path}")
    kept = await actions.attach_file(
        db, files, invoice_id=invoice.invoice_id, content=content, caller=owed.deal.supplier, now=LATER
    )
    assert kept.file_type == media_type
    assert (await files.get(f"invoices/{kept.file_key}")).content == content


@pytest.mark.parametrize(
    ("content", "refusal"), [(b"hello", Unsupported), (b"PK\x03\x04junk", Unsupported), (b"%PDF-" + b"x" * 10**7, None)]
)
async def test_what_is_no_invoice_is_not_kept(
    db: AsyncSession, tmp_path: Path, content: bytes, refusal: type[Refusal] | None
):
    invoice = await enter(db, owed := await accepted(db, 10))
    big = content + b"x" * (11 * 1024 * 1024 - len(content)) if refusal is None else content
    with pytest.raises(refusal or TooLarge):
        await actions.attach_file(
            db,
            Files(f"file://{tmp_path}"),
            invoice_id=invoice.invoice_id,
            content=big,
            caller=owed.deal.supplier,
            now=LATER,
        )
    await db.refresh(invoice)
    assert invoice.file_key is None


async def test_one_of_two_suppliers_gets_the_number(fresh_database: Database):
    async with fresh_database.begin() as db:
        both = [await accepted(db, 10), await accepted(db, 10)]

    async def enter_one(owed: Owed) -> str:
        try:
            async with fresh_database.begin() as db:
                await enter(db, owed, number="8" * 20)
        except Refusal as refusal:
            return refusal.code
        return "done"

    assert sorted(await asyncio.gather(*map(enter_one, both))) == ["done", "invoice-number-used"]
