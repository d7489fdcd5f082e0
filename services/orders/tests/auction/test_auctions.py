"""A reverse auction from its draft to its purchase: terms, entries, bids, the end, the award."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders import jobs
from orders.auction import actions, bidding, queries, rules
from orders.purchase import queries as purchase_queries
from services.orders.tests.auction import lots
from services.orders.tests.factories import NOW, listed_sku
from shared.clock import utc_now
from shared.db import Database
from shared.errors import Refusal
from shared.events.institutions import BidDecided
from shared.testing import published


async def refusal_of(step: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await step
    return refused.value


async def let_it_end(db: AsyncSession) -> None:
    """As if its time were over: nothing of ours can do that."""
    await db.execute(text("SET LOCAL session_replication_role = replica"))
    await db.execute(
        text("UPDATE auctions SET ends_at = clock_timestamp() - interval '1 second',"
             " starts_at = clock_timestamp() - interval '1 hour'")
    )  # fmt: skip
    await db.execute(text("SET LOCAL session_replication_role = origin"))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"step_fen": lots.START_FEN // 5}, "step-too-large"),
        ({"ends_at": utc_now() - timedelta(minutes=59, seconds=58)}, "auction-too-short"),
        ({"ends_at": utc_now() + timedelta(days=5)}, "auction-too-long"),
        ({"extension_minutes": 31, "most_extensions": 1}, "extension-too-long"),
        ({"ends_at": utc_now() + timedelta(days=8)}, "auction-too-long"),
    ],
)
async def test_terms_are_within_their_limits(db: AsyncSession, given: dict[str, Any], code: str):
    assert (await refusal_of(lots.published(db, **given))).code == code


def test_goods_come_after_the_latest_end_that_extensions_allow():
    now = utc_now()
    terms = rules.Terms(1000, 10, now, now + timedelta(hours=1), 10, 6)
    latest = now + timedelta(hours=2)
    rules.ensure_terms(terms, deliver_from=latest, deliver_until=latest + timedelta(days=1))
    with pytest.raises(Refusal) as refused:
        rules.ensure_terms(terms, deliver_from=latest - timedelta(seconds=1), deliver_until=latest + timedelta(days=1))
    assert refused.value.code == "delivery-before-deadline"


def test_a_bid_becomes_prices_a_piece_that_cost_no_more_than_it():
    assert rules.agreed_prices(30_000, [(10, 1000), (10, 2000)]) == [1000, 2000]
    prices = rules.agreed_prices(29_999, [(10, 1000), (10, 2000)])
    assert prices == [1000, 1999]
    assert 29_999 - sum(10 * each for each in prices) == 9
    with pytest.raises(Refusal) as refused:
        rules.agreed_prices(5, [(10, 1), (10, 1)])
    assert refused.value.code == "bid-too-small"


async def test_bids_go_down_by_at_least_the_step_and_no_two_are_equal(db: AsyncSession):
    hall = await lots.hall(db)
    one, two = hall.bidders
    top = lots.START_FEN
    refusal = await refusal_of(lots.bid(db, hall.auction_id, one, top + 1))
    assert (refusal.code, refusal.extra["most_fen"]) == ("bid-too-high", top)
    first = await lots.bid(db, hall.auction_id, one, top)
    assert (first.bid_position, first.is_extended) == (1, False)
    assert (await refusal_of(lots.bid(db, hall.auction_id, one, 10))).code == "bid-leads-already"
    for amount in (top, top - lots.STEP_FEN + 1):
        refusal = await refusal_of(lots.bid(db, hall.auction_id, two, amount))
        assert (refusal.code, refusal.extra["most_fen"]) == ("bid-too-high", top - lots.STEP_FEN)
    second = await lots.bid(db, hall.auction_id, two, top - lots.STEP_FEN)
    assert second.bid_position == 2
    standing = await queries.get_standing(db, hall.auction_id, one.organisation_id)
    assert (standing.lowest_fen, standing.own_fen, standing.own_rank, standing.is_leading, standing.most_fen) == (
        top - lots.STEP_FEN, top, 2, False, top - 2 * lots.STEP_FEN,
    )  # fmt: skip


async def test_a_bid_in_the_last_minutes_moves_the_end_but_not_for_ever(db: AsyncSession):
    ends_at = utc_now() + timedelta(seconds=30)
    hall = await lots.hall(db, ends_at=ends_at, extension_minutes=1, most_extensions=2)
    answers = [
        await lots.bid(db, hall.auction_id, hall.bidders[number % 2], lots.START_FEN - number * lots.STEP_FEN)
        for number in range(4)
    ]
    # 30 s and 90 s are left: the first bid moves it, the second comes earlier than a minute before the end
    assert [each.is_extended for each in answers] == [True, False, False, False]
    assert answers[-1].ends_at == ends_at + timedelta(minutes=1)
    hall = await lots.hall(db, ends_at=ends_at, extension_minutes=10, most_extensions=2)
    answers = [
        await lots.bid(db, hall.auction_id, hall.bidders[number % 2], lots.START_FEN - number * lots.STEP_FEN)
        for number in range(3)
    ]
    assert [each.is_extended for each in answers] == [True, False, False]


async def test_the_end_is_moved_at_most_so_many_times(db: AsyncSession):
    hall = await lots.hall(db, ends_at=utc_now() + timedelta(seconds=30), extension_minutes=1, most_extensions=2)
    for number in range(4):
        await lots.bid(db, hall.auction_id, hall.bidders[number % 2], lots.START_FEN - number * lots.STEP_FEN)
        await db.execute(text("SET LOCAL session_replication_role = replica"))
        await db.execute(text("UPDATE auctions SET ends_at = clock_timestamp() + interval '30 seconds'"))
        await db.execute(text("SET LOCAL session_replication_role = origin"))
    assert await db.scalar(text("SELECT extension_count FROM auctions")) == 2


async def test_bids_before_the_start_after_the_end_and_of_strangers_do_not_count(db: AsyncSession):
    coming = await lots.hall(
        db, starts_at=utc_now() + timedelta(hours=1), ends_at=utc_now() + timedelta(hours=2), bidder_count=1
    )
    assert (await refusal_of(lots.bid(db, coming.auction_id, coming.bidders[0], 1))).code == "auction-not-begun"
    hall = await lots.hall(db, bidder_count=1)
    stranger = coming.bidders[0]
    assert (await refusal_of(lots.bid(db, hall.auction_id, stranger, 1))).code == "auction-not-entered"
    assert (await refusal_of(lots.bid(db, uuid4(), stranger, 1))).code == "auction-unknown"
    assert (await refusal_of(lots.bid(db, hall.auction_id, hall.handler, 1))).code == "kind-not-allowed"
    await let_it_end(db)
    assert (await refusal_of(lots.bid(db, hall.auction_id, hall.bidders[0], 1))).code == "auction-over"
    assert await db.scalar(text("SELECT count(*) FROM auction_bids")) == 0


async def test_only_own_goods_on_sale_for_every_line_enter(db: AsyncSession):
    hall = await lots.hall(db)
    lines = [each.line_id for each in await queries.list_lines(db, hall.auction_id)]
    mine, other = hall.bidders
    skus = [each.sku_id for each in await queries.list_offers(db, hall.auction_id, mine.organisation_id or uuid4())]
    theirs = (await queries.list_offers(db, hall.auction_id, other.organisation_id or uuid4()))[0].sku_id
    old = (await listed_sku(db, supplier_id=mine.organisation_id, price_valid_until=NOW)).sku_id

    def enter(*pairs: tuple[UUID, UUID]) -> Any:
        offers = [rules.Offered(*each, 10) for each in pairs]
        return bidding.enter_auction(db, auction_id=hall.auction_id, offers=offers, caller=mine, now=NOW)

    for step, code in (
        (enter((lines[0], skus[0])), "lines-missing"),
        (enter((lines[0], skus[0]), (lines[0], skus[1])), "lines-missing"),
        (enter((lines[0], skus[0]), (lines[1], skus[0])), "sku-offered-twice"),
        (enter((lines[0], skus[0]), (lines[1], theirs)), "sku-not-yours"),
        (enter((lines[0], skus[0]), (lines[1], old)), "sku-not-sellable"),
    ):
        assert (await refusal_of(step)).code == code
    again = await enter((lines[0], skus[1]), (lines[1], skus[0]))
    assert again.entry_number == 1
    await lots.bid(db, hall.auction_id, mine, lots.START_FEN)
    assert (await refusal_of(enter((lines[0], skus[0]), (lines[1], skus[1])))).code == "entry-fixed"


async def test_the_lowest_bid_becomes_one_purchase_and_everybody_is_told(db: AsyncSession):
    hall = await lots.hall(db, bidder_count=3)
    await lots.bid(db, hall.auction_id, hall.bidders[0], lots.START_FEN)
    await lots.bid(db, hall.auction_id, hall.bidders[1], 900_000)
    running = actions.end_auction(db, auction_id=hall.auction_id, now=utc_now())
    assert (await refusal_of(running)).code == "auction-running"
    await let_it_end(db)
    ended = await actions.end_auction(db, auction_id=hall.auction_id, now=utc_now())
    assert (ended.status, ended.leader_id) == ("ENDED", hall.bidders[1].organisation_id)

    def award(reason: str) -> Any:
        return actions.award_auction(
            db, auction_id=hall.auction_id, expected_revision=ended.revision, reason=reason, caller=hall.handler,
            now=utc_now(),
        )  # fmt: skip

    assert (await refusal_of(award("好"))).code == "award-reason-too-short"
    await award("最低报价，符合要求")
    purchase = await purchase_queries.find_of_source(db, "AUCTION", hall.auction_id)
    assert purchase is not None
    assert (purchase.purchase_id, purchase.status) == (ended.purchase_id, "DRAFT")
    kept = await db.execute(text("SELECT quantity, unit_price_fen FROM purchase_lines"))
    assert [tuple(row) for row in kept] == [(100, 4500), (100, 4500)]
    told = [each for each in await published(db, BidDecided) if isinstance(each, BidDecided)]
    assert [(each.supplier_id, each.outcome) for each in told] == [
        (hall.bidders[0].organisation_id, "LOST"),
        (hall.bidders[1].organisation_id, "WON"),
        (hall.bidders[2].organisation_id, "LOST"),
    ]


async def test_bidders_are_numbers_until_the_end_for_everybody(
    db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any
):
    hall = await lots.hall(db)
    for number, bidder in enumerate(hall.bidders):
        await lots.bid(db, hall.auction_id, bidder, lots.START_FEN - number * lots.STEP_FEN)
    path = f"/v1/auctions/{hall.auction_id}"
    unit = as_caller(kind="institution", organisation_id=hall.unit.organisation_id, roles=("buyer",))
    operator = as_caller(kind="operator", roles=("operator",))
    rival = as_caller(kind="supplier", organisation_id=hall.bidders[0].organisation_id, roles=("sales",))
    hidden = [str(hall.bidders[1].organisation_id), "第2合作社"]
    readings = [
        (each, who)
        for who in (unit, operator, rival)
        for each in (path, f"{path}/live", f"{path}/bids", f"{path}/bids/export?format=csv", f"{path}/trail")
    ]
    readings += [("/v1/auctions", unit), ("/v1/auctions/export?format=csv", operator), ("/v1/auctions/open", rival)]
    for each, who in readings:
        answer = await client.get(each, headers=who)
        assert answer.status_code == 200, each
        assert not [name for name in hidden if name in answer.text], each
    live = (await client.get(f"{path}/live", headers=rival)).json()
    assert [(each["bid_position"], each["entry_number"], each["is_own"]) for each in live["bids"]] == [
        (2, 2, False), (1, 1, True),
    ]  # fmt: skip
    assert (live["phase"], live["own_rank"], live["is_leading"]) == ("RUNNING", 2, False)
    assert (await client.get(path, headers=rival)).json()["phone"] == ""
    await let_it_end(db)
    await actions.end_auction(db, auction_id=hall.auction_id, now=utc_now())
    assert "第2合作社" in (await client.get(f"{path}/bids", headers=unit)).text


async def test_a_bid_over_http_counts_once(db: AsyncSession, client: httpx2.AsyncClient, as_caller: Any):
    hall = await lots.hall(db)
    path = f"/v1/auctions/{hall.auction_id}/bids"
    bidder = as_caller(kind="supplier", organisation_id=hall.bidders[0].organisation_id, roles=("sales",))
    headers, body = bidder | {"idempotency-key": "one"}, {"amount_fen": 900_000}
    first, again = [await client.post(path, json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, first.json(), "true")
    assert first.json()["bid_position"] == 1
    assert (await client.post(path, json=body, headers=bidder)).status_code == 400
    for amount in (0, -1, 2**70, "9", 1.5):
        answer = await client.post(path, json={"amount_fen": amount}, headers=bidder | {"idempotency-key": str(amount)})
        assert answer.status_code == 422
    refused = await client.post(
        path, json=body, headers=as_caller(kind="operator", roles=("operator",)) | {"idempotency-key": "o"}
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "kind-not-allowed")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE auctions SET lowest_fen = lowest_fen - 1",
        "UPDATE auctions SET ends_at = ends_at + interval '1 hour'",
        "UPDATE auctions SET ends_at = ends_at - interval '1 minute'",
        "UPDATE auctions SET step_fen = 1",
        "UPDATE auctions SET leader_id = unit_id",
        "UPDATE auctions SET status = 'ENDED', ended_at = clock_timestamp()",
        "UPDATE auctions SET status = 'AWARDED'",
        "UPDATE auction_bids SET amount_fen = 1",
        "DELETE FROM auction_bids",
        "UPDATE auction_lines SET quantity = 1",
        ("INSERT INTO auction_bids SELECT gen_random_uuid(), auction_id, supplier_id, bid_position + 1, amount_fen - 1,"
         " placed_at, placed_by, valid_until FROM auction_bids"),
    ],
)  # fmt: skip
async def test_the_database_keeps_the_order_whoever_writes(db: AsyncSession, statement: str):
    hall = await lots.hall(db)
    await lots.bid(db, hall.auction_id, hall.bidders[0], lots.START_FEN)
    with pytest.raises(IntegrityError):
        async with db.begin_nested():
            await db.execute(text(statement))


async def test_the_job_ends_what_is_over(fresh_database: Database):
    async with fresh_database.begin() as db:
        with_bid, without, running = [await lots.hall(db, bidder_count=1) for _ in range(3)]
        await lots.bid(db, with_bid.auction_id, with_bid.bidders[0], lots.START_FEN)
    async with fresh_database.begin() as db:
        await let_it_end(db)
        await db.execute(text("SET LOCAL session_replication_role = replica"))
        await db.execute(
            text("UPDATE auctions SET ends_at = clock_timestamp() + interval '1 hour' WHERE auction_id = :id"),
            {"id": running.auction_id},
        )
    for _ in range(2):
        await jobs.end_auctions(fresh_database)
        async with fresh_database.begin() as db:
            found = {row.auction_id: row.status for row in await queries.list_auctions(db, unit_ids=None, limit=9)}
        assert found == {with_bid.auction_id: "ENDED", without.auction_id: "FAILED", running.auction_id: "PUBLISHED"}
