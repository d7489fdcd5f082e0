"""Absorptions: who may ask, what a pledge becomes, and that what is given back may be pledged again."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.absorption import actions, queries
from orders.acceptance import actions as acceptance_actions
from orders.acceptance.actions import Check
from orders.acceptance.rules import CheckedLine
from orders.purchase import actions as purchase_actions
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.factories import ADDRESS, NOW
from services.orders.tests.pool import pooling
from services.orders.tests.purchase.buying import approved, decided, submitted
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.events.institutions import PoolTold
from shared.testing import published

_LINE = text("""
    SELECT line_id FROM order_lines JOIN supplier_orders USING (supplier_order_id) WHERE order_id = :order_id
""")
ANOTHER = """
    INSERT INTO absorption_pledges SELECT gen_random_uuid(), absorption_id, unit_id, 1, 'PLEDGED', 41, fund, recipient,
        phone, county_code, detail, taken_by, taken_at, changed_at FROM absorption_pledges
"""
_OWNER = text("SELECT organisation_id FROM budget_units JOIN unit_orders USING (unit_id) WHERE order_id = :order_id")


async def told(db: AsyncSession) -> list[tuple[str, str]]:
    return sorted((each.side, each.outcome) for each in await published(db, PoolTold) if isinstance(each, PoolTold))


async def test_an_official_asks_for_a_flagged_harvest(db: AsyncSession):
    there = await pooling.market(db, offices=0)
    near = await pooling.an_office(db, county_code="420500")
    await pooling.an_office(db, county_code="110105")
    [flag] = [await pooling.flagged(db, there)]
    assert [each.love_purchase_id for each in await queries.list_flags(db, pooling.official(), limit=5)] == [flag]
    made = await actions.publish_absorption(
        db, absorption_id=uuid4(), love_purchase_id=flag, facts=pooling.terms(), caller=pooling.official(), now=NOW
    )
    assert (made.status, made.county_code, made.pledged_count) == ("PUBLISHED", pooling.ORIGIN, 0)
    assert await queries.list_flags(db, pooling.official(), limit=5) == []
    events = [each for each in await published(db, PoolTold) if isinstance(each, PoolTold)]
    receivers = {there.supplier.organisation_id, near.organisation_id}
    assert {each.organisation_id for each in events} == receivers, "the supplier, and units of the province"
    with pytest.raises(Conflict) as twice:
        await actions.publish_absorption(
            db, absorption_id=uuid4(), love_purchase_id=flag, facts=pooling.terms(), caller=pooling.official(), now=NOW
        )
    assert twice.value.code == "absorption-open"


async def test_another_countys_official_does_not_ask_for_it(db: AsyncSession):
    there = await pooling.market(db)
    flag = await pooling.flagged(db, there)
    for caller, code in (
        (pooling.official("522600"), "region-not-yours"),
        (pooling.official(role="finance_office"), "region-not-yours"),
    ):
        with pytest.raises(Forbidden) as refusal:
            await actions.publish_absorption(
                db, absorption_id=uuid4(), love_purchase_id=flag, facts=pooling.terms(), caller=caller, now=NOW
            )
        assert refusal.value.code == code
    made = await pooling.published(db, await pooling.market(db))
    with pytest.raises(NotFound):
        await actions.close_absorption(
            db, absorption_id=made.absorption_id, expected_revision=1, outcome="结束",
            caller=pooling.official("522600"), now=NOW,
        )  # fmt: skip


async def test_what_is_not_flagged_or_too_dear_is_not_asked_for(db: AsyncSession):
    there = await pooling.market(db)
    with pytest.raises(Invalid) as unflagged:
        await actions.publish_absorption(
            db, absorption_id=uuid4(), love_purchase_id=uuid4(), facts=pooling.terms(), caller=pooling.official(),
            now=NOW,
        )  # fmt: skip
    assert unflagged.value.code == "flag-unknown"
    with pytest.raises(Invalid) as dear:
        await pooling.published(db, there, price_fen=pooling.LISTED_FEN + 1)
    assert dear.value.code == "price-above-listed"


async def test_a_pledge_becomes_the_units_draft_and_its_pieces_wait(db: AsyncSession):
    there = await pooling.market(db)
    found = await pooling.published(db, there)
    office = there.offices[0]
    made = await pooling.pledged(db, found, office, 30)
    assert (found.status, found.pledged_count, found.responded_at) == ("RESPONDING", 30, NOW)
    assert await pooling.stock(db, there.sku_id) == (30, 970)
    bought = await pooling.purchase_of(db, "ABSORPTION", made.share_id)
    assert (bought.unit_id, bought.status, bought.total_fen) == (office.unit_id, "DRAFT", 30 * 3600)
    assert purchase_actions.address_of(bought) == ADDRESS
    with pytest.raises(Conflict) as full:
        await pooling.pledged(db, found, there.offices[1], 71)
    assert full.value.code == "absorption-full"
    with pytest.raises(Conflict) as late:
        await pooling.pledged(db, found, there.offices[1], 1, now=pooling.DEADLINE)
    assert late.value.code == "absorption-over"


async def test_without_stock_nothing_is_pledged(db: AsyncSession):
    there = await pooling.market(db, stock=20)
    found = await pooling.published(db, there)
    with pytest.raises(Conflict) as short:
        async with db.begin_nested():
            await pooling.pledged(db, found, there.offices[0], 21)
    assert short.value.code == "stock-short"
    await db.refresh(found)
    assert (found.status, found.pledged_count) == ("PUBLISHED", 0)


async def given_back(db: AsyncSession, there: pooling.Market) -> None:
    """Nothing is pledged any more, and nothing is held."""
    [pool] = await queries.list_absorptions(db, there.offices[0].caller("buyer"), limit=5)
    assert (pool.pledged_count, pool.share_count) == (0, 0)
    assert await pooling.stock(db, there.sku_id) == (0, 1000)
    [share] = await queries.list_pledges(db, pool.absorption_id, limit=5)
    assert share.status == "GIVEN_BACK"


async def test_a_draft_that_is_given_back_is_not_asked_for_any_more(db: AsyncSession):
    there = await pooling.market(db)
    found = await pooling.published(db, there)
    office = there.offices[0]
    made = await pooling.pledged(db, found, office, 30)
    await actions.withdraw_pledge(
        db, absorption_id=found.absorption_id, share_id=made.share_id, reason="", caller=office.caller("buyer"), now=NOW
    )
    await given_back(db, there)
    bought = await pooling.purchase_of(db, "ABSORPTION", made.share_id)
    with pytest.raises(Conflict) as refusal:
        await submitted(db, office, bought)
    assert refusal.value.code == "pledge-given-back"
    with pytest.raises(Conflict) as twice:
        await actions.withdraw_pledge(
            db, absorption_id=found.absorption_id, share_id=made.share_id, reason="", caller=office.caller("buyer"),
            now=NOW,
        )  # fmt: skip
    assert twice.value.code == "pledge-status"
    await pooling.pledged(db, found, there.offices[1], 100)


async def test_withdrawing_the_pledge_withdraws_an_approved_purchase_and_frees_its_money(db: AsyncSession):
    there = await pooling.market(db)
    found = await pooling.published(db, there)
    office = there.offices[0]
    made = await pooling.pledged(db, found, office, 30)
    bought = await approved(db, office, await pooling.purchase_of(db, "ABSORPTION", made.share_id))
    await actions.withdraw_pledge(
        db, absorption_id=found.absorption_id, share_id=made.share_id, reason="食堂停用",
        caller=office.caller("buyer"), now=NOW,
    )  # fmt: skip
    await db.refresh(bought)
    assert bought.status == "WITHDRAWN"
    assert await db.scalar(text("SELECT sum(committed_fen) FROM budgets")) == 0
    await given_back(db, there)


async def test_a_refused_purchase_gives_its_pieces_back(db: AsyncSession):
    there = await pooling.market(db)
    found = await pooling.published(db, there)
    made = await pooling.pledged(db, found, there.offices[0], 30)
    bought = await submitted(db, there.offices[0], await pooling.purchase_of(db, "ABSORPTION", made.share_id))
    await decided(db, there.offices[0], bought, verdict="REFUSE")
    await given_back(db, there)


async def test_a_withdrawn_purchase_gives_its_pieces_back_for_good(db: AsyncSession):
    there = await pooling.market(db)
    found = await pooling.published(db, there)
    office = there.offices[0]
    made = await pooling.pledged(db, found, office, 30)
    bought = await submitted(db, office, await pooling.purchase_of(db, "ABSORPTION", made.share_id))
    await purchase_actions.withdraw_purchase(
        db, purchase_id=bought.purchase_id, expected_revision=None, reason="", by=uuid4(), now=NOW
    )
    await given_back(db, there)
    with pytest.raises(Conflict) as refusal:
        await submitted(db, office, bought)
    assert refusal.value.code == "pledge-given-back"


async def test_a_refused_order_gives_its_pieces_back(db: AsyncSession):
    there = await pooling.market(db)
    found = await pooling.published(db, there)
    made = await pooling.pledged(db, found, there.offices[0], 30)
    bought = await pooling.purchase_of(db, "ABSORPTION", made.share_id)
    order_id = await pooling.ordered(db, there.offices[0], bought)
    assert await pooling.stock(db, there.sku_id) == (30, 970)
    with pytest.raises(Conflict) as is_ordered:
        await actions.withdraw_pledge(
            db, absorption_id=found.absorption_id, share_id=made.share_id, reason="",
            caller=there.offices[0].caller("buyer"), now=NOW,
        )  # fmt: skip
    assert is_ordered.value.code == "pledge-ordered"
    await unit_order_actions.refuse_order(
        db, order_id=order_id, reason="已售罄", caller=there.supplier, now=NOW + timedelta(hours=1)
    )
    await given_back(db, there)


async def test_pledged_ordered_and_accepted_are_kept_apart_and_four_fifths_is_absorbed(db: AsyncSession):
    there = await pooling.market(db)
    found = await pooling.published(db, there)
    pledges = [await pooling.pledged(db, found, office, quantity) for office, quantity in
               zip(there.offices, (60, 25, 15), strict=True)]  # fmt: skip
    orders = [
        await pooling.ordered(db, office, await pooling.purchase_of(db, "ABSORPTION", each.share_id))
        for office, each in list(zip(there.offices, pledges, strict=True))[:2]
    ]
    for order_id, quantity, refused in ((orders[0], 60, 6), (orders[1], 25, 0)):
        assert await actions.note_absorbed(db, absorption_id=found.absorption_id, now=NOW) is False
        await pooling.brought(db, there, order_id, quantity)
        await accept(db, there, order_id, quantity, refused)
    office = there.offices[0].caller("buyer")
    row = await queries.get_absorption_for(db, office, found.absorption_id)
    assert (row.pledged_count, row.ordered_count, row.accepted_count) == (100, 85, 79)
    assert row.accepted_fen == 79 * 3600
    assert await actions.note_absorbed(db, absorption_id=found.absorption_id, now=NOW) is False
    last = await pooling.ordered(db, there.offices[2], await pooling.purchase_of(db, "ABSORPTION", pledges[2].share_id))
    await pooling.brought(db, there, last, 15)
    await accept(db, there, last, 15, 0)
    assert await queries.list_absorbed(db, absorbed_bp=8000, limit=5) == [found.absorption_id]
    assert await actions.note_absorbed(db, absorption_id=found.absorption_id, now=NOW) is True
    assert (found.status, found.absorbed_at) == ("ABSORBED", NOW)
    assert ("unit", "ABSORBED") in await told(db)
    with pytest.raises(Conflict) as over:
        await pooling.pledged(db, found, there.offices[0], 1)
    assert over.value.code == "absorption-status"
    rows = {each.unit_id: each for each in await queries.list_pledges(db, found.absorption_id, limit=5)}
    first = rows[there.offices[0].unit_id]
    assert (first.quantity, first.ordered_count, first.accepted_count, first.accepted_fen) == (60, 60, 54, 54 * 3600)


async def accept(db: AsyncSession, there: pooling.Market, order_id: UUID, quantity: int, missing: int) -> None:
    line_id = await db.scalar(_LINE, {"order_id": order_id})
    owner = await db.scalar(_OWNER, {"order_id": order_id})
    office = next(each for each in there.offices if each.organisation_id == owner)
    check = Check([CheckedLine(line_id, quantity - missing, missing)], "GOOD", is_origin_right=True)
    await acceptance_actions.accept_goods(
        db, order_id=order_id, check=check, caller=office.caller("buyer"), now=NOW + timedelta(hours=5)
    )


async def test_who_edits_sees_what_is_pledged_and_pledges_make_no_edit_stale(db: AsyncSession):
    there = await pooling.market(db)
    found = await pooling.published(db, there)
    seen = found.revision
    await pooling.pledged(db, found, there.offices[0], 60)
    facts = {name: value for name, value in pooling.terms().items() if name != "price_fen"}
    with pytest.raises(Conflict) as refusal:
        await actions.edit_absorption(
            db, absorption_id=found.absorption_id, expected_revision=seen, facts=facts | {"quantity": 59},
            caller=pooling.official(), now=NOW,
        )  # fmt: skip
    assert refusal.value.code == "pledged-already"
    edited = await actions.edit_absorption(
        db, absorption_id=found.absorption_id, expected_revision=seen, facts=facts | {"quantity": 300, "level": "RED"},
        caller=pooling.official(), now=NOW,
    )  # fmt: skip
    assert (edited.quantity, edited.level, edited.status, edited.revision) == (300, "RED", "RESPONDING", seen + 1)


async def test_an_official_closes_it_with_what_came_of_it(db: AsyncSession):
    there = await pooling.market(db)
    found = await pooling.published(db, there)
    await pooling.pledged(db, found, there.offices[0], 60)
    with pytest.raises(Invalid) as mute:
        await actions.close_absorption(
            db, absorption_id=found.absorption_id, expected_revision=found.revision, outcome="",
            caller=pooling.official(), now=NOW,
        )  # fmt: skip
    assert mute.value.code == "reason-missing"
    await db.refresh(found)
    await actions.close_absorption(
        db, absorption_id=found.absorption_id, expected_revision=found.revision, outcome="其余由批发市场收购",
        caller=pooling.official(), now=NOW,
    )  # fmt: skip
    assert (found.status, found.outcome, found.pledged_count) == ("CLOSED", "其余由批发市场收购", 60)
    assert ("unit", "ENDED") in await told(db)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE absorptions SET pledged_count = 101",
        "UPDATE absorptions SET price_fen = 1",
        "UPDATE absorptions SET status = 'PUBLISHED'",
        "UPDATE absorption_pledges SET quantity = 61",
        ANOTHER,
    ],
)
async def test_the_database_holds_it_too(db: AsyncSession, statement: str):
    there = await pooling.market(db)
    found = await pooling.published(db, there)
    await pooling.pledged(db, found, there.offices[0], 60)
    with pytest.raises(DBAPIError):
        async with db.begin_nested():
            await db.execute(text(statement))
