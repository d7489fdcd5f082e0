"""Joint purchases: who may do what, what the deadline decides, and that nobody spends another unit's money."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.hold import actions as hold_actions
from orders.joint_purchase import actions, joining, queries
from orders.purchase.actions import address_of
from orders.unit.models import BudgetUnit
from services.orders.tests.factories import ADDRESS, NOW
from services.orders.tests.pool import pooling
from services.orders.tests.pool.pooling import AFTER, DEADLINE
from services.orders.tests.purchase.buying import an_office
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.events.institutions import PoolTold
from shared.testing import published


async def told(db: AsyncSession) -> list[tuple[str, str]]:
    return sorted((each.side, each.outcome) for each in await published(db, PoolTold) if isinstance(each, PoolTold))


async def test_the_supplier_agrees_and_its_pieces_are_set_aside(db: AsyncSession):
    there = await pooling.market(db)
    joint = await pooling.opened(db, there)
    assert (joint.status, joint.opened_at) == ("OPEN", NOW)
    assert await pooling.stock(db, there.sku_id) == (500, 500)
    assert await told(db) == [("supplier", "OFFERED"), *[("unit", "OPENED")] * 3]


async def test_a_supplier_that_has_too_few_cannot_agree(db: AsyncSession):
    there = await pooling.market(db, stock=499)
    joint = await pooling.offered(db, there)
    with pytest.raises(Conflict) as refusal:
        await actions.answer_offer(
            db, joint_purchase_id=joint.joint_purchase_id, agrees=True, expected_revision=joint.revision, reason="",
            caller=there.supplier, now=NOW,
        )  # fmt: skip
    assert refusal.value.code == "stock-short"


async def test_a_declined_one_is_a_draft_again_that_its_supplier_sees_no_more(db: AsyncSession):
    there = await pooling.market(db)
    joint = await pooling.offered(db, there)
    assert len(await queries.list_joint_purchases(db, there.supplier, limit=5)) == 1
    await actions.answer_offer(
        db, joint_purchase_id=joint.joint_purchase_id, agrees=False, expected_revision=joint.revision,
        reason="今年没有这么多", caller=there.supplier, now=NOW,
    )  # fmt: skip
    assert joint.status == "DRAFT"
    assert await queries.list_joint_purchases(db, there.supplier, limit=5) == []
    assert await told(db) == [("supplier", "OFFERED"), ("unit", "DECLINED")]
    edited = await actions.edit_joint_purchase(
        db, joint_purchase_id=joint.joint_purchase_id, expected_revision=joint.revision,
        draft=pooling.draft_of(there, most_count=400), caller=there.organiser.caller("buyer"), now=NOW,
    )  # fmt: skip
    assert edited.most_count == 400


@pytest.mark.parametrize(
    ("quantities", "price_fen"), [((60, 40), 3500), ((120, 80), 3200), ((200, 150, 100), 2900), ((60, 39), None)]
)
async def test_the_deadline_decides_by_the_total(db: AsyncSession, quantities: tuple[int, ...], price_fen: int | None):
    there = await pooling.market(db)
    joint = await pooling.closed(db, there, *quantities)
    shares = await pooling.shares_of(db, there, joint)
    if price_fen is None:
        assert (joint.status, joint.end_reason, joint.price_fen) == ("FAILED", "too-few", None)
        assert [each.purchase_id for each in shares] == [None, None], "nobody owes anything"
        assert await pooling.stock(db, there.sku_id) == (0, 1000)
        assert ("unit", "FAILED") in await told(db)
        return
    assert (joint.status, joint.price_fen) == ("CLOSED", price_fen)
    assert await pooling.stock(db, there.sku_id) == (sum(quantities), 1000 - sum(quantities))
    for office, share, quantity in zip(there.offices, shares, quantities, strict=False):
        bought = await pooling.purchase_of(db, "JOINT", share.share_id)
        assert (bought.unit_id, bought.status, bought.fund) == (office.unit_id, "DRAFT", "CANTEEN")
        assert (bought.goods_fen, bought.delivery_fen) == (quantity * price_fen, 0)
        assert address_of(bought) == ADDRESS


async def test_a_unit_orders_its_own_share_and_the_price_of_the_others_stays(db: AsyncSession):
    there = await pooling.market(db)
    joint = await pooling.closed(db, there, 120, 80)
    first, second = await pooling.shares_of(db, there, joint)
    bought = await pooling.purchase_of(db, "JOINT", first.share_id)
    await pooling.ordered(db, there.organiser, bought, now=AFTER)
    assert await pooling.stock(db, there.sku_id) == (200, 800), "the order holds what its share held"
    again = await actions.follow(db, joint_purchase_id=joint.joint_purchase_id, now=AFTER)
    assert again.status == "CLOSED"
    late = await actions.follow(db, joint_purchase_id=joint.joint_purchase_id, now=AFTER + timedelta(days=15))
    assert (late.status, late.price_fen) == ("ORDERED", 3200)
    row = await queries.get_joint_purchase_for(db, there.organiser.caller("buyer"), joint.joint_purchase_id)
    assert (row.taken_count, row.ordered_count, row.accepted_count) == (200, 120, 0)
    rest = await pooling.purchase_of(db, "JOINT", second.share_id)
    assert rest.status == "DRAFT", "who did not order is shown as it is"


async def test_it_is_finished_at_once_when_all_have_ordered(db: AsyncSession):
    there = await pooling.market(db, offices=2)
    joint = await pooling.closed(db, there, 60, 40)
    for office, share in zip(there.offices, await pooling.shares_of(db, there, joint), strict=True):
        assert await queries.list_due(db, now=AFTER, limit=5) == []
        await pooling.ordered(db, office, await pooling.purchase_of(db, "JOINT", share.share_id), now=AFTER)
    assert await queries.list_due(db, now=AFTER, limit=5) == [joint.joint_purchase_id]
    assert (await actions.follow(db, joint_purchase_id=joint.joint_purchase_id, now=AFTER)).status == "ORDERED"


async def test_when_nobody_orders_it_has_failed(db: AsyncSession):
    there = await pooling.market(db)
    joint = await pooling.closed(db, there, 120)
    late = await actions.follow(db, joint_purchase_id=joint.joint_purchase_id, now=AFTER + timedelta(days=15))
    assert (late.status, late.end_reason, late.price_fen) == ("FAILED", "nobody-ordered", 3500)


async def test_a_supplier_that_never_answers_fails_it(db: AsyncSession):
    there = await pooling.market(db)
    joint = await pooling.offered(db, there)
    late = await actions.follow(db, joint_purchase_id=joint.joint_purchase_id, now=AFTER)
    assert (late.status, late.end_reason) == ("FAILED", "not-agreed")


async def test_a_unit_changes_and_leaves_until_the_deadline(db: AsyncSession):
    there = await pooling.market(db)
    joint = await pooling.opened(db, there)
    office = there.offices[1]
    share = await pooling.joined(db, joint, office, 300)
    again = await pooling.joined(db, joint, office, 500, fund="UNION")
    assert (again.share_id, again.quantity, again.fund) == (share.share_id, 500, "UNION")
    assert joint.taken_count == 500
    with pytest.raises(Conflict) as full:
        await pooling.joined(db, joint, there.offices[2], 1)
    assert full.value.code == "joint-purchase-full"
    await joining.leave(
        db,
        joint_purchase_id=joint.joint_purchase_id,
        caller=office.caller("union"),
        now=DEADLINE - timedelta(seconds=1),
    )
    assert joint.taken_count == 0
    with pytest.raises(Conflict) as late:
        await pooling.joined(db, joint, office, 10, now=DEADLINE)
    assert late.value.code == "joint-purchase-closed"


async def test_who_is_not_invited_neither_sees_nor_joins_it(db: AsyncSession):
    there = await pooling.market(db)
    stranger = await an_office(db, county_code="110105", uscc="11110105MB00000001")
    joint = await pooling.opened(db, there)
    assert await queries.list_joint_purchases(db, stranger.caller("buyer"), limit=5) == []
    with pytest.raises(NotFound):
        await queries.get_joint_purchase_for(db, stranger.caller("buyer"), joint.joint_purchase_id)
    with pytest.raises(NotFound):
        await pooling.joined(db, joint, stranger, 10)
    named = await pooling.opened(
        db, there, scope="NAMED", region_code=None, unit_codes=("11110105MB00000001",), most_count=400
    )
    assert (await pooling.joined(db, named, stranger, 10)).status == "JOINED"
    with pytest.raises(NotFound):
        await pooling.joined(db, named, there.offices[1], 10)


async def test_only_units_that_are_there_are_invited_by_name(db: AsyncSession):
    there = await pooling.market(db)
    with pytest.raises(Invalid) as refusal:
        await pooling.drafted(db, there, scope="NAMED", region_code=None, unit_codes=("11110105MB00000001",))
    assert (refusal.value.code, refusal.value.extra["unknown"]) == ("unit-unknown", ["11110105MB00000001"])


async def test_a_units_tree_is_who_stands_below_it(db: AsyncSession):
    there = await pooling.market(db, offices=1)
    below = await an_office(db, parent_id=there.organiser.unit_id)
    beside = await an_office(db)
    joint = await pooling.opened(db, there, scope="TREE", region_code=None)
    assert [each.unit_id for each in await queries.list_invited(db, joint)] == [below.unit_id]
    await pooling.joined(db, joint, below, 10)
    with pytest.raises(NotFound):
        await pooling.joined(db, joint, beside, 10)


async def test_a_draft_is_its_units_own(db: AsyncSession):
    there = await pooling.market(db)
    joint = await pooling.drafted(db, there)
    assert await queries.list_joint_purchases(db, there.offices[1].caller("buyer"), limit=5) == []
    with pytest.raises(NotFound):
        await actions.offer_joint_purchase(
            db, joint_purchase_id=joint.joint_purchase_id, expected_revision=1,
            caller=there.offices[1].caller("buyer"), now=NOW,
        )  # fmt: skip
    with pytest.raises(Forbidden) as refusal:
        await pooling.actions.create_joint_purchase(
            db, joint_purchase_id=uuid4(), draft=pooling.draft_of(there), caller=there.organiser.caller("auditor"),
            now=NOW,
        )  # fmt: skip
    assert refusal.value.code == "duty-missing"


async def test_calling_it_off_tells_who_took_part_and_frees_the_pieces(db: AsyncSession):
    there = await pooling.market(db)
    joint = await pooling.opened(db, there)
    await pooling.joined(db, joint, there.offices[1], 100)
    with pytest.raises(Invalid) as mute:
        await actions.cancel_joint_purchase(
            db, joint_purchase_id=joint.joint_purchase_id, expected_revision=joint.revision, reason="",
            caller=there.organiser.caller("buyer"), now=NOW,
        )  # fmt: skip
    assert mute.value.code == "reason-missing"
    await db.refresh(joint)
    await actions.cancel_joint_purchase(
        db, joint_purchase_id=joint.joint_purchase_id, expected_revision=joint.revision, reason="预算调整",
        caller=there.organiser.caller("buyer"), now=NOW,
    )  # fmt: skip
    assert (joint.status, joint.end_reason) == ("CANCELLED", "预算调整")
    assert await pooling.stock(db, there.sku_id) == (0, 1000)
    assert (await told(db)).count(("unit", "CANCELLED")) == 2


async def test_a_unit_whose_purchase_cannot_be_written_does_not_keep_the_others_from_theirs(db: AsyncSession):
    there = await pooling.market(db)
    joint = await pooling.opened(db, there)
    for office, fund in zip(there.offices, ("CANTEEN", "UNION"), strict=False):
        await pooling.joined(db, joint, office, 100, fund=fund)
    without = await db.get_one(BudgetUnit, there.offices[1].unit_id)
    without.has_union = without.has_union_funds = False
    await db.flush()
    closed = await actions.follow(db, joint_purchase_id=joint.joint_purchase_id, now=AFTER)
    assert closed.status == "CLOSED"
    good, bad = await pooling.shares_of(db, there, joint)
    assert (good.purchase_status, good.problem) == ("DRAFT", "")
    assert (bad.purchase_status, bad.problem) == (None, "fund-without-union")


async def test_after_the_platform_let_the_pieces_go_units_still_have_their_drafts(db: AsyncSession):
    there = await pooling.market(db)
    joint = await pooling.opened(db, there)
    await pooling.joined(db, joint, there.organiser, 100)
    await hold_actions.let_go(db, holder_id=joint.joint_purchase_id, now=NOW)
    await pooling.listed_away(db, there.sku_id)
    closed = await actions.follow(db, joint_purchase_id=joint.joint_purchase_id, now=AFTER)
    assert closed.status == "CLOSED"
    [share] = await pooling.shares_of(db, there, joint)
    assert share.purchase_status == "DRAFT"
    bought = await pooling.purchase_of(db, "JOINT", share.share_id)
    with pytest.raises(Conflict) as refusal:
        await pooling.ordered(db, there.organiser, bought, now=AFTER)
    assert refusal.value.code == "stock-short"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE joint_purchases SET taken_count = most_count + 1",
        "UPDATE joint_purchases SET prices_fen = ARRAY[3500, 3600, 2900]",
        "UPDATE joint_purchases SET most_count = 450",
        "UPDATE joint_purchases SET status = 'ORDERED', ended_at = now()",
        "UPDATE joint_purchases SET status = 'DRAFT'",
        "UPDATE joint_shares SET quantity = 501",
    ],
)
async def test_the_database_holds_it_too(db: AsyncSession, statement: str):
    there = await pooling.market(db)
    joint = await pooling.opened(db, there)
    await pooling.joined(db, joint, there.organiser, 100)
    with pytest.raises(DBAPIError):
        async with db.begin_nested():
            await db.execute(text(statement))
