"""A county's units in one fiscal year, and the way of a purchase from its basket to its review, step by step on the
days that a test names. Everything goes through the actions that the routes call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.acceptance import actions as acceptance_actions
from orders.acceptance import queries as acceptance_queries
from orders.acceptance.actions import Check
from orders.acceptance.rules import CheckedLine
from orders.approval import deciding
from orders.approval import queries as approval_queries
from orders.budget import actions as budget_actions
from orders.invoice_check import actions as invoice_actions
from orders.invoice_check.rules import Entry, Line
from orders.order import actions as order_actions
from orders.order import queries as order_queries
from orders.order.rules import Address
from orders.purchase import actions as purchase_actions
from orders.purchase import filing, ordering
from orders.purchase.models import Purchase
from orders.purchase.rules import PurchaseLine
from orders.reserved_share import actions as share_actions
from orders.settlement import actions as settlement_actions
from orders.settlement import queries as settlement_queries
from orders.settlement import reviewing
from orders.unit import actions as unit_actions
from orders.unit.models import BudgetUnit
from orders.unit.rules import Canteen, Fund
from orders.unit_order import actions as unit_order_actions
from orders.unit_order import queries as unit_order_queries
from services.orders.tests.factories import listed_sku
from services.orders.tests.unit_factories import finance_office, unit
from shared.auth import Caller
from shared.clock import SHANGHAI
from shared.events.catalog import SkuListed
from shared.files import Files

YEAR = 2026
PRICE_FEN = 3_500
DELIVERED_TO = Address("陈食堂", "0717-3810001", "420525", "示范路 1 号")


def at(month: int, day: int, hour: int = 10, minute: int = 0, *, year: int = YEAR) -> datetime:
    """An instant of the year in Shanghai."""
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


@dataclass
class Office:
    """A unit with one person for each duty."""

    unit: BudgetUnit
    people: dict[str, UUID] = field(default_factory=dict)

    def acting(self, role: str) -> Caller:
        """Who has the role there; always the same person."""
        person = self.people.setdefault(role, uuid4())
        return Caller(person, self.unit.organisation_id, "institution", frozenset({role}))


@dataclass(frozen=True)
class Sold:
    """An order on account and who sells it."""

    order_id: UUID
    supplier_order_id: UUID
    supplier: Caller
    sku_id: UUID
    quantity: int


@dataclass
class County:
    """The county's units by name, and a supplier of shiitake at 35 yuan a bag."""

    db: AsyncSession
    goods: SkuListed
    files: Files
    offices: dict[str, Office] = field(default_factory=dict)
    finance: Caller = field(default_factory=finance_office)

    @property
    def supplier(self) -> Caller:
        """Who sells the shiitake."""
        return Caller(uuid4(), self.goods.supplier_id, "supplier", frozenset({"sales"}))

    async def open_unit(self, name: str, *, below: str = "", **given: Any) -> Office:
        """A unit that registered at the beginning of the year."""
        parent_id = self.offices[below].unit.unit_id if below else None
        made = await unit(self.db, name=name, parent_id=parent_id, created_at=at(1, 2), changed_at=at(1, 2), **given)
        self.offices[name] = Office(made)
        return self.offices[name]

    async def file(self, name: str, mode: str, *, shared_with: str = "", **figures: Any) -> None:
        """Its canteen's mode, and its reserved share: filed, reviewed by its lead unit, confirmed and locked."""
        office = self.offices[name]
        handler = office.acting("buyer")
        other = self.offices[shared_with].unit.unit_id if shared_with else None
        canteen = Canteen(mode, other, "示范餐饮" if mode == "OUTSOURCED" else "")  # type: ignore[arg-type]
        await unit_actions.say_canteen(
            self.db, unit_id=office.unit.unit_id, year=YEAR, canteen=canteen, caller=handler, now=at(1, 10)
        )
        facts = {
            "canteen_total_fen": 0,
            "ratio_bp": 0,
            "union_total_fen": 0,
            "union_member_count": 0,
            "union_reserved_fen": 0,
            "contact": "陈会计",
            "phone": "0717-3810000",
            "note": "",
            **figures,
        }
        share = await share_actions.draft_share(
            self.db, share_id=uuid4(), year=YEAR, facts=facts, caller=handler, now=at(1, 15)
        )
        await share_actions.submit_share(
            self.db, share_id=share.share_id, expected_revision=share.revision, caller=handler, now=at(1, 16)
        )
        lead = self.finance
        if office.unit.parent_id is not None:
            above = next(each for each in self.offices.values() if each.unit.unit_id == office.unit.parent_id)
            lead = above.acting("approver")
        for verb, caller in (("review", lead), ("approve", lead), ("confirm", self.finance), ("lock", self.finance)):
            await share_actions.decide(
                self.db,
                share_id=share.share_id,
                verb=verb,  # type: ignore[arg-type]
                reason="",
                expected_revision=share.revision,
                caller=caller,
                now=at(2, 1),
            )

    async def grant(self, name: str, fund: Fund, amount_fen: int, *, year: int = YEAR) -> None:
        """Money for the year."""
        await budget_actions.grant(
            self.db,
            unit_id=self.offices[name].unit.unit_id,
            year=year,
            fund=fund,
            amount_fen=amount_fen,
            entry_id=uuid4(),
            reason="年初批复",
            by=None,
            now=at(1, 5),
        )

    async def approved(self, name: str, lines: Sequence[PurchaseLine], *, now: datetime, fund: Fund) -> Purchase:
        """A purchase that all whom its tier asks said yes to."""
        office = self.offices[name]
        handler = office.acting("buyer")
        purchase = await purchase_actions.draft_purchase(
            self.db,
            purchase_id=uuid4(),
            unit_id=office.unit.unit_id,
            way="DIRECT",
            fund=fund,
            lines=lines,
            title="食堂干货",
            caller_id=handler.person_id,
            address=DELIVERED_TO,
            now=now,
        )
        return await self.submitted(name, purchase, now=now)

    async def submitted(self, name: str, purchase: Purchase, *, now: datetime) -> Purchase:
        """The same for a draft that a quotation's award made."""
        office = self.offices[name]
        await purchase_actions.submit_purchase(
            self.db,
            purchase_id=purchase.purchase_id,
            expected_revision=purchase.revision,
            case_id=uuid4(),
            by=office.acting("buyer").person_id,
            now=now,
        )
        for role in ("approver", "finance"):
            if purchase.status == "SUBMITTED":
                case = (await approval_queries.list_cases_of(self.db, purchase.purchase_id))[0]
                await deciding.decide(
                    self.db,
                    case_id=case.case_id,
                    verdict="APPROVE",
                    reason="同意",
                    expected_revision=case.revision,
                    caller=office.acting(role),
                    now=now,
                )
        return purchase

    async def ordered(self, name: str, purchase: Purchase, *, now: datetime) -> Sold:
        """The order of an approved purchase of one pack."""
        await ordering.order_purchase(
            self.db,
            purchase_id=purchase.purchase_id,
            expected_revision=purchase.revision,
            by=self.offices[name].acting("buyer").person_id,
            now=now,
        )
        [own] = await unit_order_queries.list_of_purchase(self.db, purchase.purchase_id)
        [part] = (await order_queries.lock_order(self.db, own.order_id))["parts"]
        [line] = part["lines"]
        seller = Caller(uuid4(), UUID(part["supplier_id"]), "supplier", frozenset({"sales"}))
        return Sold(own.order_id, UUID(part["supplier_order_id"]), seller, UUID(line["sku_id"]), line["quantity"])

    async def bought(self, name: str, bags: int, *, now: datetime, fund: Fund = "CANTEEN") -> Sold:
        """Bags of shiitake: asked for, approved and ordered on one day."""
        purchase = await self.approved(name, [PurchaseLine(self.goods.sku_id, bags)], now=now, fund=fund)
        return await self.ordered(name, purchase, now=now)

    async def union_bought(self, name: str, bags: int, *, now: datetime) -> Sold:
        """Bags for the union's members, with the minutes that the smallest tier asks for beside it."""
        office = self.offices[name]
        handler = office.acting("union")
        purchase = await purchase_actions.draft_purchase(
            self.db,
            purchase_id=uuid4(),
            unit_id=office.unit.unit_id,
            way="DIRECT",
            fund="UNION",
            lines=[PurchaseLine(self.goods.sku_id, bags)],
            title="工会慰问",
            caller_id=handler.person_id,
            address=DELIVERED_TO,
            now=now,
        )
        await filing.add_paper(
            self.db,
            self.files,
            paper_id=uuid4(),
            purchase_id=purchase.purchase_id,
            kind="MINUTES",
            counted=1,
            name="委员会会议纪要.pdf",
            content=b"%PDF-1.7\n" + b"0" * 64,
            by=handler.person_id,
            now=now,
        )
        return await self.ordered(name, await self.submitted(name, purchase, now=now), now=now)

    async def brought(self, sold: Sold, *, now: datetime) -> None:
        """Confirmed the day after, sent the next, delivered the third."""
        day = timedelta(days=1)
        await unit_order_actions.confirm_order(self.db, order_id=sold.order_id, caller=sold.supplier, now=now + day)
        part = {"order_id": sold.order_id, "supplier_order_id": sold.supplier_order_id}
        await order_actions.mark_shipped(
            self.db, **part, quantities={sold.sku_id: sold.quantity}, shipped_at=now + 2 * day
        )
        await order_actions.mark_delivered(self.db, **part, delivered_at=now + 3 * day)

    async def checked(self, name: str, sold: Sold, *, missing: int = 0, refused: int = 0, now: datetime) -> None:
        """The goods check, with what is missing or refused."""
        [line] = await acceptance_queries.list_sent_lines(self.db, sold.order_id)
        good = line.sent_count - missing - refused
        cause = "ORIGIN" if refused else ""
        found = [CheckedLine(line.line_id, good, missing, refused, cause, "产地与合同不符" if refused else "")]  # type: ignore[arg-type]
        await acceptance_actions.accept_goods(
            self.db,
            order_id=sold.order_id,
            check=Check(found, "POOR" if refused else "GOOD", is_origin_right=True, photo_ids=()),  # type: ignore[arg-type]
            caller=self.offices[name].acting("buyer"),
            now=now,
        )

    async def invoiced(self, name: str, sold: Sold, *, now: datetime) -> None:
        """One invoice that agrees, and the unit's check of it."""
        owed = (await settlement_queries.lock_owed(self.db, [sold.order_id], now=now))[sold.order_id]
        [line] = await settlement_queries.list_order_lines(self.db, sold.order_id)
        entry = Entry(
            kind="E_INVOICE",
            code="",
            number=f"{sold.order_id.int % 10**20:020d}",
            issued_on=now.date(),
            title=owed.union_name if owed.fund == "UNION" else owed.unit_name,
            taxpayer_id=owed.union_uscc if owed.fund == "UNION" else owed.uscc,
            gross_fen=owed.payable_fen,
            lines=(Line(line.line_id, line.product_title, 900, owed.payable_fen),),
        )
        await invoice_actions.enter_invoice(
            self.db, invoice_id=uuid4(), order_id=sold.order_id, entry=entry, caller=sold.supplier, now=now
        )
        owed = (await settlement_queries.lock_owed(self.db, [sold.order_id], now=now))[sold.order_id]
        await invoice_actions.accept_invoices(
            self.db,
            order_id=sold.order_id,
            reason="",
            expected_revision=owed.revision,
            caller=self.offices[name].acting("finance"),
            now=now,
        )

    async def paid(self, name: str, sold: Sold, *, now: datetime) -> None:
        """The unit's treasury pays, and the supplier says that the money came."""
        owed = (await settlement_queries.lock_owed(self.db, [sold.order_id], now=now))[sold.order_id]
        payment = await settlement_actions.tell_payment(
            self.db,
            payment_id=uuid4(),
            order_id=sold.order_id,
            way="TREASURY",
            amount_fen=owed.payable_fen,
            paid_on=now.date(),
            voucher="支付令 1",
            caller=self.offices[name].acting("finance"),
            now=now,
        )
        await settlement_actions.move_payment(
            self.db,
            payment_id=payment.payment_id,
            verb="confirm",
            reason="",
            expected_revision=payment.revision,
            caller=sold.supplier,
            now=now,
        )

    async def reviewed(self, name: str, sold: Sold, *, now: datetime) -> None:
        """The unit says what it was like: the order is completed."""
        lines = await settlement_queries.list_order_lines(self.db, sold.order_id)
        await reviewing.review_order(
            self.db,
            order_id=sold.order_id,
            reviews=[reviewing.LineReview(each.line_id, 5, "干货成色好") for each in lines],
            caller=self.offices[name].acting("buyer"),
            now=now,
        )

    async def through(self, name: str, sold: Sold, *, from_: date, missing: int = 0, pays_after: int = 10) -> None:
        """All that remains after the order was placed: brought, checked on the fourth day, invoiced on the fifth, paid
        so many days after that, reviewed the day after."""
        start = datetime(from_.year, from_.month, from_.day, 10, tzinfo=SHANGHAI)
        await self.brought(sold, now=start)
        await self.checked(name, sold, missing=missing, now=start + timedelta(days=4))
        await self.invoiced(name, sold, now=start + timedelta(days=5))
        await self.paid(name, sold, now=start + timedelta(days=5 + pays_after))
        await self.reviewed(name, sold, now=start + timedelta(days=6 + pays_after))

    async def stage(self, sold: Sold) -> str:
        """How far the order is."""
        found = await self.db.scalar(
            text("SELECT stage FROM unit_orders WHERE order_id = :order_id"), {"order_id": sold.order_id}
        )
        return str(found)


async def founded(db: AsyncSession, files: Files) -> County:
    """The county with its supplier and no units yet."""
    return County(db, await listed_sku(db, stock=100_000, price_fen=PRICE_FEN), files)
