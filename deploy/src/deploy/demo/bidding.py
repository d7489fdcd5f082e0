"""Quotations and auctions of the demo's school: one takes bids, one is overdue, one waits for its award, one
is awarded; one lot is being bid down, one waits to be confirmed. All invented; made by the actions of orders, once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import INSTITUTION, UNIT_ACCOUNTS
from deploy.demo.market import missing
from deploy.demo.tables import DemoSku, demo_id, products, skus
from orders.auction import actions as auction_actions
from orders.auction import bidding as auction_bidding
from orders.auction import queries as auction_queries
from orders.auction import rules as auction_rules
from orders.order.rules import Address
from orders.quotation import actions, attaching, awarding, bidding, queries, rules
from orders.quotation.sealing import Seal
from shared.auth import Caller
from shared.clock import business_day, utc_now
from shared.db import Database
from shared.files import Files

_BIDDERS: Final = 3
_PLACE: Final = Address("食堂库房", "0717-0000000", "420525", "（演示）学府路 1 号食堂后门")
_WORDS: Final = ("红枣，一级", 80, "斤")
_PAPERS: Final[tuple[tuple[rules.FileKind, str], ...]] = (
    ("SAMPLE_REPORT", "（演示）农残检测报告.pdf"),
    ("CERTIFICATE", "（演示）产地证明.pdf"),
)
_SCAN: Final = b"%PDF-1.4\n% a practice document of the demo\n"
_WARRANTY_DAYS: Final = (90, 60, 30)
_LOT: Final = (("食用菌和干果一批", 200, "斤"),)


@dataclass(frozen=True)
class Asked:
    """A quotation: its key and title, days until its deadline, fen a piece of each bidder, and how far it has come."""

    key: str
    title: str
    closes_in_days: int
    prices: tuple[int, ...]
    is_opened: bool = False
    is_awarded: bool = False

    @property
    def quotation_id(self) -> UUID:
        """Its id."""
        return demo_id("quotation", self.key)


QUOTATIONS: Final = (
    Asked("december", "食堂十二月干货", 5, (2650, 2480)),
    Asked("overdue", "元旦职工加餐食材", -1, (3100,)),
    Asked("november", "食堂十一月干货", -2, (2550, 2400, 2700), is_opened=True),
    Asked("october", "食堂十月干货", -30, (2600, 2500, 2450), is_opened=True, is_awarded=True),
)
AUCTIONS: Final = ("running", "over")
COUNT: Final = len(QUOTATIONS) + len(AUCTIONS)


def bidders() -> Mapping[UUID, tuple[DemoSku, DemoSku]]:
    """The first suppliers with two packs of different goods that no season or presale keeps back, and these packs."""
    owner = {each.key: each.supplier_key for each in products() if each.category != "fruit"}
    found: dict[str, dict[str, DemoSku]] = {}
    for each in skus():
        if each.product_key in owner:
            found.setdefault(owner[each.product_key], {}).setdefault(each.product_key, each)
    chosen = [(key, tuple(own.values())[:2]) for key, own in found.items() if len(own) > 1][:_BIDDERS]
    return {demo_id("supplier", key): (first, second) for key, (first, second) in chosen}


def _handler() -> Caller:
    return Caller(INSTITUTION.person_id, INSTITUTION.organisation_id, "institution", frozenset(INSTITUTION.roles))


def _awarder() -> Caller:
    head = UNIT_ACCOUNTS["canteen-head"]
    return Caller(head.person_id, head.organisation_id, "institution", frozenset(head.roles))


def _supplier(supplier_id: UUID) -> Caller:
    return Caller(demo_id("person", f"bidder-{supplier_id}"), supplier_id, "supplier", frozenset({"sales"}))


async def load_bidding(
    orders: Database, environment: Mapping[str, str], *, now: datetime, advance: Callable[[int], None]
) -> None:
    """Each in a transaction of its own; what is there already is left as it is."""
    seal, store = Seal(environment["ORDERS_SEALING_KEY"]), Files(environment["ORDERS_FILES_URL"])
    new = await missing(orders, "quotations", "quotation_id", [each.quotation_id for each in QUOTATIONS])
    for each in QUOTATIONS:
        if each.quotation_id in new:
            async with orders.begin() as db:
                await _load_quotation(db, store, seal, each, now=now)
        advance(1)
    new = await missing(orders, "auctions", "auction_id", [demo_id("auction", key) for key in AUCTIONS])
    for key in AUCTIONS:
        if demo_id("auction", key) in new:
            async with orders.begin() as db:
                await _load_auction(db, key)
        advance(1)


async def _load_quotation(db: AsyncSession, files: Files, seal: Seal, row: Asked, *, now: datetime) -> None:
    closes, goods = now + timedelta(days=row.closes_in_days), bidders()
    begun = closes - timedelta(days=7)
    draft = actions.Draft(
        title=row.title,
        fund="CANTEEN",
        note="（演示）请分袋装好，随货附合格证。",
        address=_PLACE,
        deliver_from=closes + timedelta(days=7),
        deliver_until=closes + timedelta(days=9),
        closes_at=closes,
        lines=(
            rules.Wanted(next(iter(goods.values()))[0].sku_id, "", 60, "件", "", "承诺达标合格证"),
            rules.Wanted(None, *_WORDS, "", "承诺达标合格证"),
        ),
        supplier_ids=tuple(goods),
    )
    handler = _handler()
    made = await actions.create_quotation(db, quotation_id=row.quotation_id, draft=draft, caller=handler, now=begun)
    await actions.publish_quotation(
        db, quotation_id=row.quotation_id, expected_revision=made.revision, caller=handler, now=begun
    )
    lines = [each.line_id for each in await queries.list_lines(db, row.quotation_id)]
    question_id = demo_id("quotation-question", row.key)
    await bidding.ask_question(
        db,
        quotation_id=row.quotation_id,
        question_id=question_id,
        question="可以用一斤一袋的小包装吗？",
        caller=_supplier(next(iter(goods))),
        now=begun + timedelta(hours=2),
    )
    if row.is_opened:
        await actions.answer_question(
            db,
            quotation_id=row.quotation_id,
            question_id=question_id,
            answer="可以，箱外写清总重。",
            caller=handler,
            now=begun + timedelta(hours=5),
        )
    for number, (price_fen, (supplier_id, packs)) in enumerate(zip(row.prices, goods.items(), strict=False)):
        offers = tuple(
            rules.Offer(line_id, pack.sku_id, 60, price_fen + 100 * place * number)
            for place, (line_id, pack) in enumerate(zip(lines, packs, strict=True))
        )
        promised_on = business_day(closes) + timedelta(days=8)
        await bidding.put_bid(
            db,
            seal,
            quotation_id=row.quotation_id,
            bid_id=demo_id("quotation-bid", f"{row.key}-{number}"),
            bid=rules.Bid(offers, promised_on, "（演示）含送货上门。", _WARRANTY_DAYS[number]),
            caller=_supplier(supplier_id),
            now=begun + timedelta(days=1),
        )
        for kind, name in _PAPERS[: 2 - number]:
            await attaching.file_attachment(
                db, files, seal, quotation_id=row.quotation_id,
                file_id=demo_id("bid-file", f"{row.key}-{number}-{kind}"), kind=kind, name=name, content=_SCAN,
                caller=_supplier(supplier_id), now=begun + timedelta(days=1),
            )  # fmt: skip
    if row.is_opened:
        await actions.open_quotation(
            db, seal, quotation_id=row.quotation_id, expected_revision=made.revision, reason="", caller=handler,
            now=closes + timedelta(hours=1),
        )  # fmt: skip
    if row.is_awarded:
        await _award(db, row, lines, now=closes + timedelta(days=1))


async def _award(db: AsyncSession, row: Asked, lines: list[UUID], *, now: datetime) -> None:
    comparison = await queries.get_comparison(db, row.quotation_id)
    best = next(each.bid_id for each in comparison.bids if each.is_cheapest)
    made = await queries.get_quotation_for(db, row.quotation_id, _handler())
    await awarding.award_quotation(
        db,
        quotation_id=row.quotation_id,
        expected_revision=made.revision,
        picks=[rules.Pick(line_id, best) for line_id in lines],
        reason="总价最低，交货期符合要求。",
        caller=_awarder(),
        now=now,
    )


async def _load_auction(db: AsyncSession, key: str) -> None:
    """Bids are taken by the database's clock, so a lot runs now: one for two days, one until the load is over."""
    now, auction_id, handler = utc_now(), demo_id("auction", key), _handler()
    long_ago = now - timedelta(hours=3)
    draft = auction_actions.Draft(
        title={"running": "食用菌干果竞价（二）", "over": "食用菌干果竞价（一）"}[key],
        fund="CANTEEN",
        note="（演示）整包报价，含送货。",
        address=_PLACE,
        deliver_from=now + timedelta(days=10),
        deliver_until=now + timedelta(days=12),
        terms=auction_rules.Terms(
            start_fen=800_000,
            step_fen=4_000,
            starts_at=long_ago,
            ends_at=now + {"running": timedelta(days=2), "over": timedelta(seconds=15)}[key],
            extension_minutes={"running": 3, "over": 0}[key],
            most_extensions={"running": 10, "over": 0}[key],
        ),
        lines=tuple(auction_rules.Wanted(*line, "", "") for line in _LOT),
    )
    made = await auction_actions.create_auction(db, auction_id=auction_id, draft=draft, caller=handler, now=long_ago)
    await auction_actions.publish_auction(
        db, auction_id=auction_id, expected_revision=made.revision, caller=handler, now=long_ago
    )
    [line] = await auction_queries.list_lines(db, auction_id)
    goods = bidders()
    for supplier_id, (pack, _) in goods.items():
        offers = [auction_rules.Offered(line.line_id, pack.sku_id, 100)]
        await auction_bidding.enter_auction(
            db, auction_id=auction_id, offers=offers, caller=_supplier(supplier_id), now=now
        )
    amount_fen = draft.terms.start_fen
    for number, supplier_id in enumerate((*goods, *goods)):
        await auction_bidding.place_bid(
            db,
            auction_id=auction_id,
            bid_id=demo_id("auction-bid", f"{key}-{number}"),
            amount_fen=amount_fen,
            caller=_supplier(supplier_id),
        )
        amount_fen -= 9_000
