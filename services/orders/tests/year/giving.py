"""A hospital's union gives 5,000 members a holiday gift; 37 rows of its roster are wrong."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from orders.claim_code import actions as code_actions
from orders.gift_claim import actions as claim_actions
from orders.gift_member.rules import FileRow
from orders.gift_parcel import closing
from orders.order import queries as order_queries
from orders.order.rules import Address
from orders.unit_order import queries as unit_order_queries
from services.orders.tests.conftest import CLAIM_CODE_KEY
from services.orders.tests.gift_factories import campaign_at, row
from services.orders.tests.year.county import County, Sold
from shared.auth import Caller
from shared.clock import business_day

MEMBERS, WRONG = 5_000, 37
PER_HEAD_FEN = 20_000
_CLAIMS = text("SELECT count(*) FROM gift_claims WHERE campaign_id = :campaign_id")


def roster() -> list[FileRow]:
    """Every hundred and thirty-fifth row has no name: 37 of 5,000."""
    return [row(number) if number % 135 else row(number, name="") for number in range(1, MEMBERS + 1)]


async def given(county: County, name: str, *, now: datetime) -> list[Sold]:
    """The campaign from its plan to its orders, one a supplier: rostered, locked, codes given out, closed when nobody
    has chosen, so that all get the default package."""
    db, office = county.db, county.offices[name]
    day = timedelta(days=1)
    first = business_day(now)
    campaign = await campaign_at(
        db,
        "ROSTER_LOCKED",
        of=office.unit,
        packages=1,
        stock=MEMBERS,
        now=now,
        rows=roster(),
        per_head_fen=PER_HEAD_FEN,
        planned_count=MEMBERS,
        budget_fen=MEMBERS * PER_HEAD_FEN,
        roster_cutoff_on=first,
        publicity_from_on=first,
        publicity_until_on=first + 2 * day,
        claim_from_at=now + 3 * day,
        claim_until_at=now + 17 * day,
    )
    organiser = office.acting("union")
    codes = await code_actions.issue_codes(
        db,
        campaign_id=campaign.campaign_id,
        department="",
        key=CLAIM_CODE_KEY.encode(),
        caller=organiser,
        now=now + 4 * day,
    )
    assert len(codes) == MEMBERS - WRONG
    await claim_actions.open_claims(db, campaign_id=campaign.campaign_id, now=now + 4 * day)
    closed = await closing.close_campaign(
        db,
        campaign_id=campaign.campaign_id,
        lot_address=Address("李工会", "0717-5555555", "420525", "示范路 1 号工会办公室"),
        caller=organiser,
        now=now + 18 * day,
    )
    counted = await db.scalar(
        text("SELECT count(*) FROM gift_claims WHERE campaign_id = :id"), {"id": campaign.campaign_id}
    )
    assert counted == MEMBERS - WRONG
    sold = []
    for own in await unit_order_queries.list_of_purchase(db, closed.purchase_id):
        [part] = (await order_queries.lock_order(db, own.order_id))["parts"]
        [line] = part["lines"]
        seller = Caller(UUID(int=own.order_id.int), UUID(part["supplier_id"]), "supplier", frozenset({"sales"}))
        sold.append(Sold(own.order_id, UUID(part["supplier_order_id"]), seller, UUID(line["sku_id"]), line["quantity"]))
    return sold
