"""Returns and exchanges in several states, of what the demo's past delivered."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import CONSUMER, all_accounts
from deploy.demo.after_sales import picture
from deploy.demo.tables import demo_id
from orders.exchange import actions as exchange_actions
from orders.exchange import queries as exchange_queries
from orders.exchange import rules as exchange_rules
from orders.photo import actions as photo_actions
from orders.product_return import actions as return_actions
from orders.product_return import queries as return_queries
from shared.auth import Caller
from shared.db import Database
from shared.files import Files

Advance = Callable[[int], None]
Story = tuple[str, ...]
RETURNS: Final[tuple[Story, ...]] = (  # what becomes of each, verb by verb; an empty story waits for its supplier
    (),
    ("approve",),
    ("approve", "send"),
    ("approve", "send", "receive"),
    ("approve", "send", "receive", "accept"),
    ("refuse",),
)
EXCHANGES: Final[tuple[Story, ...]] = ((), (), ("approve",), ("approve-back", "send"), ("refuse",), ("refund",))
_REASONS: Final = {"refuse": "照片里看不出问题，请补充。", "refund": "这批已经卖完，给您退款。"}
_BUYERS: Final = frozenset({"send"})
_SEND_TO: Final = "供应商仓库 退货组（演示地址）"
# What keeps without cold, and of which nobody asks for anything yet.
_LINES = text("""
    SELECT line.line_id, placed.order_id, part.supplier_id, placed.buyer_id, part.delivered_at
    FROM order_lines AS line JOIN supplier_orders AS part USING (supplier_order_id)
    JOIN orders AS placed USING (order_id) LEFT JOIN line_balances AS balance USING (line_id)
    WHERE part.fulfilment = 'DELIVERED' AND line.temperature_class = 'AMBIENT'
      AND line.payable_fen > 0 AND coalesce(balance.claimed_count, 0) = 0
    ORDER BY part.delivered_at DESC, line.line_id
""")
_KNOWN = text("SELECT (SELECT count(*) FROM product_returns), (SELECT count(*) FROM exchanges)")
_WAIT = """
    UPDATE {table} SET due_at = :due_at WHERE {key} = :id AND due_at IS NOT NULL
"""
_ARRIVED = text("""
    UPDATE refunds SET status = 'SUCCEEDED', succeeded_at = requested_at, provider_refund_id = 'demo'
    WHERE refund_id IN (SELECT refund_id FROM line_refunds WHERE cause_id = :id)
""")


def story_count() -> int:
    """How many returns and exchanges the demo has."""
    return len(RETURNS) + len(EXCHANGES)


async def load_exchanges(
    database: Database, environment: Mapping[str, str], *, now: datetime, advance: Advance
) -> None:
    """A few of each, once; lines of the demo's suppliers and of the demo's consumer come first, by turns."""
    async with database.read() as db:
        returns, exchanges = (await db.execute(_KNOWN)).one()
        found = list(await db.execute(_LINES))
    known = {each.organisation_id for each in all_accounts() if each.kind == "supplier"}
    sold = [each for each in found if each.supplier_id in known]
    bought = [each for each in found if each.buyer_id == CONSUMER.person_id and each.supplier_id not in known]
    first = [each for pair in zip_longest(sold, bought) for each in pair if each is not None]
    taken = {each.line_id for each in first}
    lines = iter([*first, *(each for each in found if each.line_id not in taken)])
    store = Files(environment["ORDERS_FILES_URL"])
    if not returns:
        await _tell(database, RETURNS, lines, lambda db, line, story: _return(db, line, story, now), advance)
    if not exchanges:
        await _tell(database, EXCHANGES, lines, lambda db, line, story: _exchange(db, store, line, story, now), advance)


async def _tell(
    database: Database,
    stories: Sequence[Story],
    lines: Any,
    tell: Callable[[AsyncSession, Row[Any], Story], Awaitable[None]],
    advance: Advance,
) -> None:
    for story, line in zip(stories, lines, strict=False):
        async with database.begin() as db:
            await tell(db, line, story)
        advance(1)


def _sides(line: Row[Any]) -> tuple[Caller, Caller]:
    return Caller(line.buyer_id), Caller(demo_id("seller", str(line.supplier_id)), line.supplier_id, "supplier")


async def _return(db: AsyncSession, line: Row[Any], story: Story, now: datetime) -> None:
    return_id, (buyer, seller) = demo_id("return", str(line.line_id)), _sides(line)
    at = line.delivered_at + timedelta(hours=3)
    await return_actions.request_return(
        db,
        return_id=return_id,
        order_id=line.order_id,
        line_id=line.line_id,
        piece_count=1,
        cause="faulty",
        description="有两包受潮结块。",
        caller=buyer,
        now=at,
    )
    for step, verb in enumerate(story, 1):
        caller = buyer if verb in _BUYERS else seller
        await return_actions.move_return(
            db,
            return_id=return_id,
            verb=verb,
            said=return_actions.Said(_REASONS.get(verb, ""), _SEND_TO, "顺达速运", f"DEMO-R{step}"),
            expected_revision=(await return_queries.get_return(db, return_id, caller)).revision,
            caller=caller,
            now=at + timedelta(hours=step),
        )
    await _from_now_on(db, "product_returns", "return_id", return_id, now)


async def _exchange(db: AsyncSession, store: Files, line: Row[Any], story: Story, now: datetime) -> None:
    exchange_id, (buyer, seller) = demo_id("exchange", str(line.line_id)), _sides(line)
    at = line.delivered_at + timedelta(hours=3)
    photo_id = demo_id("photo", f"exchange {line.line_id}")
    await photo_actions.store_photo(db, store, photo_id=photo_id, content=picture(), person_id=line.buyer_id, now=at)
    await exchange_actions.request_exchange(
        db,
        exchange_id=exchange_id,
        order_id=line.order_id,
        line_id=line.line_id,
        piece_count=1,
        problem="damaged",
        description="外袋破了，撒了一半。",
        photo_ids=[photo_id],
        caller=buyer,
        now=at,
    )
    for step, verb in enumerate(story, 1):
        caller = buyer if verb in _BUYERS else seller
        said = exchange_rules.Said(
            _REASONS.get(verb, ""), verb == "approve-back", _SEND_TO, "顺达速运", f"DEMO-X{step}"
        )
        await exchange_actions.move_exchange(
            db,
            exchange_id=exchange_id,
            verb=verb.partition("-")[0],
            said=said,
            expected_revision=(await exchange_queries.get_exchange(db, exchange_id, caller)).revision,
            caller=caller,
            now=at + timedelta(hours=step),
        )
    await _from_now_on(db, "exchanges", "exchange_id", exchange_id, now)


async def _from_now_on(db: AsyncSession, table: str, key: str, subject_id: UUID, now: datetime) -> None:
    """The past lies days back: whoever has to act has time from now on; what was granted has arrived."""
    await db.execute(text(_WAIT.format(table=table, key=key)), {"due_at": now + timedelta(hours=40), "id": subject_id})
    await db.execute(_ARRIVED, {"id": subject_id})
