"""What a supplier does in an auction: enter with its goods, and bid.

Bids of one auction stand in one line, that of its row's lock. A bid that finds nobody before it goes at once; those
that arrive while it runs go together in one transaction, in the order in which they came (`shared.together`), so that
they share one commit. Each is judged under the lock after the one before it, and gets its own answer.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.auction import queries, rules
from orders.auction.models import AuctionEntry, AuctionOffer
from orders.sku import queries as sku_queries
from orders.sku.rules import unit_price_fen
from shared.auth import Caller
from shared.direct import Direct, Statement
from shared.errors import Conflict, Forbidden
from shared.idempotency import OnceKey, check_earlier
from shared.together import Rows, Together, Values, repeated

MOST_TOGETHER = 32

_PLACE = text("""
    SELECT outcome, bid_position, placed_at, ends_at, most_fen, is_extended
    FROM place_auction_bid(:auction_id, :supplier_id, :person_id, :bid_id, :amount_fen)
""")
_ANSWER = Statement("""
    SELECT outcome, bid_position, placed_at, ends_at, most_fen, is_extended,
           is_first_in_line, request_hash, status, body
    FROM answer_auction_bid(
        :auction_id, :supplier_id, :person_id, :bid_id, :amount_fen, :caller, :key, :request_hash
    )
""")
_ANSWER_TYPES = {
    **dict.fromkeys(("auction_id", "supplier_id", "person_id", "bid_id"), "uuid"),
    "amount_fen": "bigint",
    "caller": "text",
    "key": "text",
    "request_hash": "bytea",
}
_ANSWER_ALL = repeated(_ANSWER, _ANSWER_TYPES)
_HAS_BID = text("""
    SELECT EXISTS (SELECT FROM auction_bids WHERE auction_id = :auction_id AND supplier_id = :supplier_id)
""")


def supplier_of(caller: Caller) -> UUID:
    """The supplier for which the caller acts. 403 `kind-not-allowed`: nobody bids for another, operators neither."""
    if caller.kind != "supplier" or caller.organisation_id is None:
        raise Forbidden("This is for suppliers only.", code="kind-not-allowed", allowed_kinds=["supplier"])
    return caller.organisation_id


async def enter_auction(
    db: AsyncSession, *, auction_id: UUID, offers: Sequence[rules.Offered], caller: Caller, now: datetime
) -> AuctionEntry:
    """Take part with own goods for every line, or with others until one's first bid. NotFound `auction-unknown`;
    Conflict `auction-status`, `auction-over`, `entry-fixed`; Invalid `lines-missing`, `sku-offered-twice`,
    `sku-not-yours`, `sku-not-sellable`."""
    supplier_id = supplier_of(caller)
    auction = await queries.lock_auction(db, auction_id)
    if auction.published_at is None:
        raise rules.auction_unknown()
    if auction.status != "PUBLISHED":
        raise Conflict("Nobody enters it any more.", code="auction-status", status_now=auction.status)
    if await queries.get_clock(db) >= auction.ends_at:
        raise Conflict("It is over.", code="auction-over", ends_at=auction.ends_at.isoformat())
    names = {"auction_id": auction_id, "supplier_id": supplier_id}
    if await db.scalar(_HAS_BID, names):
        raise Conflict("You have bid with these goods.", code="entry-fixed")
    line_ids = [each.line_id for each in await queries.list_lines(db, auction_id)]
    skus = await sku_queries.list_for_sale(db, [each.sku_id for each in offers])
    rules.ensure_entry(offers, line_ids, skus, supplier_id=supplier_id, now=now)
    entries = await queries.list_entries(db, auction_id)
    entry = next((each for each in entries if each.supplier_id == supplier_id), None)
    if entry is None:
        entry = AuctionEntry(
            **names,
            entry_number=len(entries) + 1,
            supplier_name=skus[offers[0].sku_id].supplier_name,
            entered_at=now,
            entered_by=caller.person_id,
        )
        db.add(entry)
        await db.flush()
    await db.execute(delete(AuctionOffer).filter_by(**names))
    db.add_all(
        AuctionOffer(
            **names,
            line_id=each.line_id,
            sku_id=each.sku_id,
            product_title=skus[each.sku_id].product_title,
            specification=skus[each.sku_id].specification,
            piece_count=each.piece_count,
            listed_price_fen=unit_price_fen(skus[each.sku_id], group="institution", quantity=each.piece_count, now=now),
        )
        for each in offers
    )
    await db.flush()
    return entry


async def place_bid(
    db: AsyncSession, *, auction_id: UUID, bid_id: UUID, amount_fen: int, caller: Caller
) -> rules.Answer:
    """Bid for the whole lot, delivered, in the caller's transaction. One statement takes the row's lock, reads the
    database's clock and gives the bid its place. NotFound `auction-unknown`; Forbidden `auction-not-entered`; Conflict
    `auction-not-begun`, `auction-over`, `auction-status`, `bid-leads-already`, `bid-too-high`; a bid whose commit comes
    after the end is refused by the database, `constraint-violated`."""
    values = {
        "auction_id": auction_id,
        "supplier_id": supplier_of(caller),
        "person_id": caller.person_id,
        "bid_id": bid_id,
        "amount_fen": amount_fen,
    }
    row = (await db.execute(_PLACE, values)).one()
    answer = rules.Answer(*row)
    refusal = rules.refusal_of(answer)
    if refusal is not None:
        raise refusal
    return answer


async def answer_bid(
    direct: Direct, *, auction_id: UUID, bid_id: UUID, amount_fen: int, caller: Caller, once: OnceKey
) -> bytes:
    """Bid in a transaction of its own or in company, with the answer kept under its key; that answer. Refuses what
    `place_bid` refuses, and what idempotency does."""
    values = {
        "auction_id": auction_id,
        "supplier_id": supplier_of(caller),
        "person_id": caller.person_id,
        "bid_id": bid_id,
        "amount_fen": amount_fen,
        "caller": once.caller,
        "key": once.key,
        "request_hash": once.request_hash,
    }
    [[*told, is_first_in_line, request_hash, status, body]] = await direct.rows(_ANSWER, values)
    check_earlier(once, is_first_in_line=is_first_in_line, request_hash=request_hash, status=status, body=body)
    refusal = rules.refusal_of(rules.Answer(*told))
    if refusal is not None:
        raise refusal
    return bytes(body)


async def bid_together(direct: Direct, asked: Sequence[Values]) -> Sequence[Rows]:
    """What `_ANSWER` would say to each, from one transaction. Several auctions are locked by their ids, so that two
    processes never wait in a circle; of one auction, who came first is first."""
    places = sorted(range(len(asked)), key=lambda place: asked[place]["auction_id"])
    found = dict(zip(places, await _ANSWER_ALL(direct, [asked[place] for place in places]), strict=True))
    return [found[place] for place in range(len(asked))]


def bidding_together() -> Together:
    """For one application's process."""
    return Together({_ANSWER: bid_together}, most=MOST_TOGETHER)
