"""A school asks three cooperatives for a price, and takes the lowest."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from orders.purchase import queries as purchase_queries
from orders.purchase.models import Purchase
from orders.quotation import actions, awarding, bidding, queries, rules
from orders.quotation.sealing import Seal
from services.orders.tests.conftest import SEALING_KEY
from services.orders.tests.factories import listed_sku
from services.orders.tests.year.county import DELIVERED_TO, County
from shared.auth import Caller

SEAL = Seal(SEALING_KEY)


async def quoted(county: County, name: str, bags: int, *prices_fen: int, now: datetime) -> Purchase:
    """The award's purchase, approved: a bid by each supplier at its price, sealed for a week, then opened."""
    db, office = county.db, county.offices[name]
    handler, opener = office.acting("buyer"), office.acting("union")
    bidders: dict[UUID, tuple[Caller, UUID]] = {}
    for number, _ in enumerate(prices_fen, 1):
        sku = await listed_sku(db, stock=10_000, supplier_name=f"第{number}合作社", price_fen=4_000)
        bidders[sku.supplier_id] = (Caller(uuid4(), sku.supplier_id, "supplier", frozenset({"sales"})), sku.sku_id)
    closes_at = now + timedelta(days=7)
    draft = actions.Draft(
        title="食堂干货询价",
        fund="CANTEEN",
        note="",
        address=DELIVERED_TO,
        deliver_from=closes_at + timedelta(days=7),
        deliver_until=closes_at + timedelta(days=14),
        closes_at=closes_at,
        lines=(rules.Wanted(None, "香菇，干", bags, "袋", "", ""),),
        supplier_ids=tuple(bidders),
    )
    quotation = await actions.create_quotation(db, quotation_id=uuid4(), draft=draft, caller=handler, now=now)
    quotation = await actions.publish_quotation(
        db, quotation_id=quotation.quotation_id, expected_revision=quotation.revision, caller=handler, now=now
    )
    [line] = await queries.list_lines(db, quotation.quotation_id)
    bids = {}
    for (bidder, sku_id), price_fen in zip(bidders.values(), prices_fen, strict=True):
        offer = rules.Offer(line.line_id, sku_id, bags, price_fen)
        bid = rules.Bid((offer,), (closes_at + timedelta(days=8)).date(), "")
        made = await bidding.put_bid(
            db, SEAL, quotation_id=quotation.quotation_id, bid_id=uuid4(), bid=bid, caller=bidder, now=now
        )
        bids[price_fen] = made.bid_id
    after = closes_at + timedelta(hours=1)
    quotation = await actions.open_quotation(
        db,
        SEAL,
        quotation_id=quotation.quotation_id,
        expected_revision=quotation.revision,
        reason="",
        caller=opener,
        now=after,
    )
    await awarding.award_quotation(
        db,
        quotation_id=quotation.quotation_id,
        expected_revision=quotation.revision,
        picks=[rules.Pick(line.line_id, bids[min(prices_fen)])],
        reason="三家中最低价",
        caller=handler,
        now=after,
    )
    purchase = await purchase_queries.find_of_source(db, "QUOTATION", quotation.quotation_id)
    assert purchase is not None
    return await county.submitted(name, purchase, now=after)
