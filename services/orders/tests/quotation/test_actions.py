"""A request for quotation from its draft to its opening, and what is refused on the way."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from orders.quotation import actions, bidding, queries, rules
from orders.trail import queries as trail_queries
from services.orders.tests.factories import NOW, listed_sku
from services.orders.tests.quotation import asking
from services.orders.tests.unit_factories import acting_for, unit
from shared.errors import Refusal
from shared.events.institutions import BidDecided, SupplierInvited
from shared.testing import published


async def refusal_of(step: Any) -> str:
    with pytest.raises(Refusal) as refused:
        await step
    return refused.value.code


async def test_three_suppliers_are_told_when_it_is_published(db: AsyncSession):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    assert quotation.status == "OPEN"
    told = [each for each in await published(db, SupplierInvited) if isinstance(each, SupplierInvited)]
    assert {each.supplier_id for each in told} == set(table.skus)
    assert {each.closes_at for each in told} == {asking.DEADLINE}


async def test_two_suppliers_are_too_few(db: AsyncSession):
    table = await asking.laid_table(db, supplier_count=2)
    assert await refusal_of(asking.asked(db, table)) == "suppliers-too-few"
    assert await published(db, SupplierInvited) == []


async def test_a_draft_names_what_exists_and_times_that_fit(db: AsyncSession):
    table = await asking.laid_table(db)
    strange = rules.Wanted(uuid4(), "", 1, "件", "", "")
    late = {"deliver_from": asking.DEADLINE - timedelta(hours=1)}
    for given, code in (
        ({"lines": (strange,)}, "sku-unknown"),
        ({"supplier_ids": (*table.skus, uuid4())}, "supplier-unknown"),
        (late, "delivery-before-deadline"),
    ):
        assert await refusal_of(asking.drafted(db, table, **given)) == code
    draft = await asking.drafted(db, table)
    step = actions.publish_quotation(
        db, quotation_id=draft.quotation_id, expected_revision=1, caller=table.handler, now=asking.DEADLINE
    )
    assert await refusal_of(step) == "deadline-too-near"


async def test_another_unit_and_other_duties_touch_nothing(db: AsyncSession):
    table = await asking.laid_table(db)
    draft = await asking.drafted(db, table)
    stranger = acting_for(await unit(db))
    for caller, code in ((stranger, "quotation-unknown"), (acting_for(table.unit, "finance"), "duty-missing")):
        step = actions.cancel_quotation(
            db, quotation_id=draft.quotation_id, expected_revision=1, reason="不买了", caller=caller, now=NOW
        )
        assert await refusal_of(step) == code
    assert draft.status == "DRAFT"


async def test_a_bid_is_replaced_and_withdrawn_before_the_deadline_only(db: AsyncSession):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    bidder = table.suppliers[0]
    first = await asking.offered(db, table, quotation, bidder, 100, 100)
    again = await asking.offered(db, table, quotation, bidder, 90, 90, now=asking.DEADLINE - timedelta(seconds=1))
    assert (again.bid_id, again.status) == (first.bid_id, "SEALED")
    own = bidding.own_bid(asking.SEAL, quotation, again, supplier_id=again.supplier_id)
    assert own is not None
    assert [each.unit_price_fen for each in own.offers] == [90, 90]
    late = asking.offered(db, table, quotation, bidder, 80, 80, now=asking.DEADLINE)
    assert await refusal_of(late) == "quotation-closed"
    withdrawn = await bidding.withdraw_bid(db, quotation_id=quotation.quotation_id, caller=bidder, now=NOW)
    assert (withdrawn.status, withdrawn.sealed) == ("WITHDRAWN", None)
    twice = bidding.withdraw_bid(db, quotation_id=quotation.quotation_id, caller=bidder, now=NOW)
    assert await refusal_of(twice) == "quotation-bid-status"


async def test_only_what_could_become_an_order_is_a_bid(db: AsyncSession):
    table = await asking.laid_table(db)
    own, other = (table.skus_of(each) for each in table.suppliers[:2])
    named = rules.Wanted(own[0], "", 30, "袋", "", "")
    quotation = await asking.asked(db, table, lines=(*asking.WANTED, named))
    lines = [each.line_id for each in await queries.list_lines(db, quotation.quotation_id)]
    delisted = (await listed_sku(db, supplier_id=table.suppliers[0].organisation_id, price_valid_until=NOW)).sku_id
    free = (lines[0], own[1], 10)

    def bid(*offers: tuple[UUID, UUID, int], days: int = 5) -> Any:
        return bidding.put_bid(
            db,
            asking.SEAL,
            quotation_id=quotation.quotation_id,
            bid_id=uuid4(),
            bid=rules.Bid(tuple(rules.Offer(*each, 100) for each in offers), (NOW + timedelta(days=days)).date(), ""),
            caller=table.suppliers[0],
            now=NOW,
        )

    for step, code in (
        (bid((uuid4(), own[0], 1)), "line-unknown"),
        (bid((lines[0], other[0], 1)), "sku-not-yours"),
        (bid((lines[0], uuid4(), 1)), "sku-not-yours"),
        (bid((lines[0], delisted, 1)), "sku-not-sellable"),
        (bid(free, (lines[0], own[0], 1)), "line-offered-twice"),
        (bid(free, (lines[1], own[1], 1)), "sku-offered-twice"),
        (bid((lines[2], own[1], 30)), "sku-differs"),
        (bid((lines[2], own[0], 29)), "quantity-differs"),
        (bid(free, days=-1), "promised-day-passed"),
    ):
        assert await refusal_of(step) == code
    assert await queries.count_bids(db, quotation.quotation_id) == 0
    assert (await bid((lines[2], own[0], 30))).status == "SEALED"


async def test_who_is_not_invited_knows_of_nothing(db: AsyncSession):
    table = await asking.laid_table(db, supplier_count=4)
    quotation = await asking.asked(db, table, supplier_ids=tuple(table.skus)[:3])
    assert await refusal_of(asking.offered(db, table, quotation, table.suppliers[3], 1, 1)) == "quotation-unknown"
    assert await refusal_of(
        bidding.put_bid(
            db, asking.SEAL, quotation_id=quotation.quotation_id, bid_id=uuid4(),
            bid=rules.Bid((), NOW.date(), ""), caller=table.handler, now=NOW,
        )
    ) == "kind-not-allowed"  # fmt: skip


async def test_with_two_bids_one_extends_once_and_then_says_why_one_goes_on(db: AsyncSession):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    for supplier in table.suppliers[:2]:
        await asking.offered(db, table, quotation, supplier, 100, 200)
    assert await refusal_of(asking.opened(db, table, quotation)) == "few-bids-reason-missing"

    async def extend(now: Any, until: Any) -> Any:
        return await actions.extend_quotation(
            db,
            quotation_id=quotation.quotation_id,
            expected_revision=quotation.revision,
            closes_at=until,
            reason="只有两家",
            caller=table.handler,
            now=now,
        )

    later = asking.AFTER + timedelta(days=1)
    assert await refusal_of(extend(NOW, later)) == "quotation-sealed"
    await extend(asking.AFTER, later)
    assert (quotation.status, quotation.closes_at, quotation.extension_count) == ("OPEN", later, 1)
    assert await refusal_of(asking.opened(db, table, quotation, reason="继续比较")) == "quotation-sealed"
    await asking.offered(db, table, quotation, table.suppliers[0], 90, 190, now=asking.AFTER)
    over = later + timedelta(seconds=1)
    assert await refusal_of(extend(over, over + timedelta(days=1))) == "extended-already"
    await actions.open_quotation(
        db, asking.SEAL, quotation_id=quotation.quotation_id, expected_revision=quotation.revision,
        reason="延期后仍只有两家", caller=table.handler, now=over,
    )  # fmt: skip
    assert (quotation.status, quotation.few_bids_reason) == ("OPENED", "延期后仍只有两家")
    bids = await queries.list_opened_bids(db, quotation.quotation_id)
    assert [each.total_fen for each in bids] == [2800, 3000]


async def test_without_any_bid_there_is_nothing_to_open(db: AsyncSession):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    bid = await asking.offered(db, table, quotation, table.suppliers[0], 100, 200)
    await bidding.withdraw_bid(db, quotation_id=quotation.quotation_id, caller=table.suppliers[0], now=NOW)
    assert bid.status == "WITHDRAWN"
    assert await refusal_of(asking.opened(db, table, quotation, reason="就这样")) == "quotation-without-bids"


async def test_all_invited_read_questions_and_answers(db: AsyncSession):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    question = await bidding.ask_question(
        db, quotation_id=quotation.quotation_id, question_id=uuid4(), question="要不要分装？",
        caller=table.suppliers[0], now=NOW,
    )  # fmt: skip
    answered = await actions.answer_question(
        db, quotation_id=quotation.quotation_id, question_id=question.question_id, answer="两斤一袋",
        caller=table.handler, now=NOW,
    )  # fmt: skip
    [told] = await queries.list_questions(db, quotation.quotation_id)
    assert (told.question, told.answer, answered.answered_at) == ("要不要分装？", "两斤一袋", NOW)
    for question_id, code in ((question.question_id, "question-answered"), (uuid4(), "question-unknown")):
        step = actions.answer_question(
            db, quotation_id=quotation.quotation_id, question_id=question_id, answer="改了",
            caller=table.handler, now=NOW,
        )  # fmt: skip
        assert await refusal_of(step) == code


async def test_calling_it_off_tells_who_was_invited_and_opens_nothing(db: AsyncSession):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)
    await asking.offered(db, table, quotation, table.suppliers[0], 100, 200)
    silent = actions.cancel_quotation(
        db, quotation_id=quotation.quotation_id, expected_revision=2, reason="", caller=table.handler, now=NOW
    )
    assert await refusal_of(silent) == "reason-missing"
    await actions.cancel_quotation(
        db, quotation_id=quotation.quotation_id, expected_revision=2, reason="预算收回", caller=table.handler, now=NOW
    )
    told = [each for each in await published(db, BidDecided) if isinstance(each, BidDecided)]
    assert {(each.supplier_id, each.outcome) for each in told} == {(each, "CANCELLED") for each in table.skus}
    assert await queries.list_opened_bids(db, quotation.quotation_id) == []
    verbs = [each.verb for each in await trail_queries.list_trail(db, quotation.quotation_id)]
    assert verbs == ["create", "publish", "cancel"]


async def test_what_waits_too_long_is_on_the_list(db: AsyncSession):
    table = await asking.laid_table(db)
    quotation = await asking.asked(db, table)

    async def late(now: Any) -> list[UUID]:
        found = await queries.list_quotations(db, unit_ids=[table.unit.unit_id], now=now, is_late=True, limit=5)
        return [each.quotation_id for each in found]

    assert await late(asking.DEADLINE - timedelta(seconds=1)) == []
    assert await late(asking.DEADLINE) == [quotation.quotation_id]
    for supplier in table.suppliers:
        await asking.offered(db, table, quotation, supplier, 100, 200)
    await asking.opened(db, table, quotation)
    assert await late(asking.AFTER) == []
    assert await late(asking.AFTER + rules.figures().late_after) == [quotation.quotation_id]
