"""A campaign of the demo's school that is over: planned, claimed, sent, handed out, checked, invoiced, paid and filed,
two months ago. All invented; made by the actions, once."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo import gifts
from deploy.demo.history import PastOrder, load_deliveries
from deploy.demo.market import missing
from deploy.demo.tables import demo_id
from deploy.demo.units import COUNTY
from orders.acceptance import actions as acceptance_actions
from orders.acceptance import queries as acceptance_queries
from orders.acceptance.actions import Check
from orders.acceptance.rules import CheckedLine
from orders.claim_code import actions as code_actions
from orders.gift_campaign import actions as campaign_actions
from orders.gift_campaign import carrying, following
from orders.gift_campaign import queries as campaign_queries
from orders.gift_campaign import rules as campaign_rules
from orders.gift_claim import actions as claim_actions
from orders.gift_claim.rules import Choice, Destination
from orders.gift_handout import actions as handout_actions
from orders.gift_handout.rules import Signing
from orders.gift_member import actions as member_actions
from orders.gift_parcel import actions as parcel_actions
from orders.gift_parcel import closing
from orders.gift_parcel import queries as parcel_queries
from orders.invoice_check import actions as invoice_actions
from orders.invoice_check import queries as invoice_queries
from orders.invoice_check.rules import Entry, Line
from orders.order.rules import Buyer
from orders.settlement import actions as settlement_actions
from orders.settlement import queries as settlement_queries
from orders.settlement import reviewing
from orders.unit_order import actions as unit_order_actions
from shared.auth import Caller
from shared.clock import business_day, days_range
from shared.db import Database
from shared.files import Files
from shared.ids import new_id

KEY: Final = "mid-autumn"
CAMPAIGN: Final = demo_id("gift-campaign", KEY)
MEMBERS: Final = 40
_AT_HOME: Final = 8
_CHOSEN: Final = 32
_DAY: Final = timedelta(days=1)
_BEGUN: Final = 80 * _DAY
_CLAIMS: Final = (70, 62)
_SENT: Final = 61 * _DAY
_CHECKED: Final = 55 * _DAY
_LOT: Final = {"recipient": "工会办公室", "phone": "0717-3810002", "county_code": COUNTY, "detail": "鸣凤镇示范路 1 号"}
_CODES: Final = text("""
    SELECT code_id, member.name FROM claim_codes AS code JOIN gift_members AS member USING (member_id)
    WHERE code.campaign_id = :campaign_id ORDER BY member.member_no LIMIT :limit
""")
_AT_UNIT: Final = text("SELECT member_id FROM gift_claims WHERE campaign_id = :campaign_id AND way = 'UNIT'")
_SHIPMENTS: Final = text("SELECT count(*) FROM shipments WHERE order_id = ANY(:order_ids)")
_PARTS: Final = text("""
    SELECT part.order_id, part.supplier_order_id, part.supplier_id
    FROM unit_orders JOIN supplier_orders AS part USING (order_id)
    WHERE purchase_id = :purchase_id ORDER BY part.order_id
""")
_STAGES: Final = text("SELECT array_agg(DISTINCT stage) FROM unit_orders WHERE purchase_id = :purchase_id")
_ON_THEIR_WAY: Final = frozenset({"CONFIRMED", "SHIPPED"})
_PURCHASE: Final = closing.purchase_id_of(CAMPAIGN)


async def load_archive(
    orders: Database,
    logistics: Database,
    environment: Mapping[str, str],
    *,
    now: datetime,
    advance: Callable[[int], None],
) -> None:
    """Carry it out, each step once; what is there already is left as it is."""
    store = Files(environment["ORDERS_FILES_URL"])
    if await missing(orders, "gift_campaigns", "campaign_id", [CAMPAIGN]):
        async with orders.begin() as db:
            await _order(db, store, environment["ORDERS_CLAIM_CODE_KEY"].encode(), now=now)
    advance(1)
    async with orders.read() as db:
        status = (await campaign_queries.get_campaign(db, CAMPAIGN)).status
    if status != "ARCHIVED":
        await _send(orders, logistics, now=now)
        async with orders.begin() as db:
            await _finish(db, store, now=now)
    advance(1)


async def _order(db: AsyncSession, store: Files, key: bytes, *, now: datetime) -> None:
    """From the plan to what its suppliers confirmed."""
    begun, today = now - _BEGUN, business_day(now)
    start, end = days_range(today - _CLAIMS[0] * _DAY, today - (_CLAIMS[1] + 1) * _DAY)
    plan = replace(
        gifts.plan_of("中秋慰问活动", "MID_AUTUMN", begun, claims=(start, end), public_from=4),
        planned_count=MEMBERS,
        budget_fen=gifts.STANDARD_FEN * MEMBERS,
        mode="MIXED",
        lot_address=_LOT,
    )
    union = gifts.person("canteen-union")
    given = {"campaign_id": CAMPAIGN, "person_id": union.person_id}
    await gifts.fund(db, plan.budget_fen, now=begun)
    campaign = await gifts.draft(db, KEY, plan, now=begun)
    await gifts.pack(db, campaign, members=MEMBERS, now=begun)
    await gifts.decide(db, campaign, key=KEY, now=begun)
    await member_actions.import_roster(
        db,
        file_id=demo_id("roster-file", KEY),
        campaign_id=CAMPAIGN,
        name="工会会员名册.xlsx",
        digest=hashlib.sha256(b"the demo's roster of the autumn").digest(),
        rows=[gifts.member_row(number) for number in range(1, MEMBERS + 1)],
        person_id=union.person_id,
        now=begun + _DAY,
        new_id=new_id,
    )
    await gifts.attach_papers(db, store, campaign, now=begun + _DAY)
    if campaign_rules.needs_quotes(carrying.tier_of(campaign)):
        await carrying.request_quotes(db, expected_revision=campaign.revision, now=begun + _DAY, **given)
    await carrying.choose_supplier(
        db,
        expected_revision=campaign.revision,
        reason="三家比价，价格最低且为脱贫地区产品",
        now=begun + 3 * _DAY,
        **given,
    )
    await carrying.publish_list(db, expected_revision=campaign.revision, now=begun + 4 * _DAY, **given)
    await carrying.lock_roster(
        db, campaign_id=CAMPAIGN, expected_revision=campaign.revision, caller=union, now=start - _DAY / 2
    )
    await code_actions.issue_codes(db, campaign_id=CAMPAIGN, department="", key=key, caller=union, now=start)
    await claim_actions.open_claims(db, campaign_id=CAMPAIGN, now=start)
    packages = [each.package.package_id for each in await campaign_queries.list_packages(db, CAMPAIGN)]
    codes = (await db.execute(_CODES, {"campaign_id": CAMPAIGN, "limit": _CHOSEN})).all()
    for number, (code_id, name) in enumerate(codes):
        home = Destination("HOME", name, f"138{number:08d}", COUNTY, f"鸣凤镇示例街{number + 1}号")
        choice = Choice(packages[number % len(packages)], home if number < _AT_HOME else Destination("UNIT"))
        await claim_actions.claim_gift(db, code_id=code_id, choice=choice, expected_revision=0, now=start + _DAY)
    await closing.close_campaign(db, campaign_id=CAMPAIGN, lot_address=None, caller=union, now=end)
    for part in (await db.execute(_PARTS, {"purchase_id": _PURCHASE})).all():
        seller = _seller(part.supplier_id)
        await unit_order_actions.confirm_order(db, order_id=part.order_id, caller=seller, now=end + _DAY / 4)
        while await parcel_actions.tell_due(db, supplier_order_id=part.supplier_order_id, now=end + _DAY / 4):
            pass


async def _send(orders: Database, logistics: Database, *, now: datetime) -> None:
    """Once logistics has heard of all parcels they are sent and brought; then orders hears of it."""
    async with orders.read() as db:
        parts = (await db.execute(_PARTS, {"purchase_id": _PURCHASE})).all()
        parcels = sum((await parcel_queries.count_parcels(db, CAMPAIGN)).values())
        stages = set(await db.scalar(_STAGES, {"purchase_id": _PURCHASE}) or ())
    if not stages & _ON_THEIR_WAY:
        return
    order_ids = [part.order_id for part in parts]
    while True:
        async with logistics.read() as db:
            if int(await db.scalar(_SHIPMENTS, {"order_ids": order_ids}) or 0) >= parcels:
                break
        await asyncio.sleep(0.2)
    union = gifts.person("canteen-union")
    buyer = Buyer(union.person_id, "institution", union.organisation_id)
    past = [PastOrder(order_id, buyer, (), COUNTY, now - _SENT) for order_id in order_ids]
    await load_deliveries(logistics, past, now=now, advance=lambda _: None, lots={})
    while stages & _ON_THEIR_WAY:
        await asyncio.sleep(0.2)
        async with orders.read() as db:
            stages = set(await db.scalar(_STAGES, {"purchase_id": _PURCHASE}) or ())


async def _finish(db: AsyncSession, store: Files, *, now: datetime) -> None:
    """Handed out and signed for; each order checked, invoiced and paid; all of it filed."""
    union, at = gifts.person("canteen-union"), now - _CHECKED
    await handout_actions.sign_off(
        db,
        campaign_id=CAMPAIGN,
        member_ids=list(await db.scalars(_AT_UNIT, {"campaign_id": CAMPAIGN})),
        department="",
        signing=Signing(),
        caller=union,
        now=at,
    )
    for part in (await db.execute(_PARTS, {"purchase_id": _PURCHASE})).all():
        await _pay(db, part.order_id, part.supplier_id, at=at)
    for kind, name in (("CONTRACT", "采购合同.pdf"), ("INVOICE", "发票.pdf"), ("PAYMENT", "银行回单.pdf")):
        await campaign_actions.attach_document(
            db,
            store,
            document_id=new_id(),
            campaign_id=CAMPAIGN,
            kind=kind,  # type: ignore[arg-type]  # three of its kinds
            name=name,
            supplier_name="",
            amount_fen=None,
            counted=1,
            content=gifts.a_scan(name),
            person_id=union.person_id,
            now=at + 4 * _DAY,
        )
    campaign = await following.follow_orders(db, campaign_id=CAMPAIGN, now=at + 5 * _DAY)
    await following.archive_campaign(
        db,
        campaign_id=CAMPAIGN,
        expected_revision=campaign.revision,
        reason="资料齐全，归档",
        person_id=union.person_id,
        now=at + 6 * _DAY,
    )


async def _pay(db: AsyncSession, order_id: UUID, supplier_id: UUID, *, at: datetime) -> None:
    """The goods were good, the invoice says so, and the money came."""
    handler, finance, seller = gifts.person("canteen"), gifts.person("canteen-finance"), _seller(supplier_id)
    sent = await acceptance_queries.list_sent_lines(db, order_id)
    lines = [CheckedLine(each.line_id, each.sent_count) for each in sent]
    check = Check(lines, "GOOD", is_origin_right=True)
    await acceptance_actions.accept_goods(db, order_id=order_id, check=check, caller=handler, now=at)
    owed = await settlement_queries.lock_one(db, order_id, supplier_id=supplier_id, now=at)
    facts = await invoice_queries.get_owed(db, owed)
    entry = Entry(
        kind="E_INVOICE",
        code="",
        number=f"{order_id.int % 10**20:020d}",
        issued_on=business_day(at),
        title=facts.title,
        taxpayer_id=facts.taxpayer_id,
        gross_fen=facts.payable_fen,
        lines=tuple(
            Line(each.line_id, each.names[0], each.rate_bp or None, each.payable_fen + each.delivery_fen)
            for each in facts.lines
        ),
    )
    await invoice_actions.enter_invoice(
        db, invoice_id=uuid5(order_id, "invoice"), order_id=order_id, entry=entry, caller=seller, now=at + _DAY
    )
    owed = await settlement_queries.lock_one(db, order_id, supplier_id=supplier_id, now=at + _DAY)
    await invoice_actions.accept_invoices(
        db, order_id=order_id, reason="核对无误", expected_revision=owed.revision, caller=finance, now=at + 2 * _DAY
    )
    payment = await settlement_actions.tell_payment(
        db,
        payment_id=uuid5(order_id, "payment"),
        order_id=order_id,
        way="OFFICIAL_CARD",
        amount_fen=facts.payable_fen,
        paid_on=business_day(at + 3 * _DAY),
        voucher=f"GWK{order_id.int % 10**8:08d}",
        caller=finance,
        now=at + 3 * _DAY,
    )
    await settlement_actions.move_payment(
        db,
        payment_id=payment.payment_id,
        verb="confirm",
        reason="",
        expected_revision=payment.revision,
        caller=seller,
        now=at + 4 * _DAY,
    )
    await settlement_actions.settle_if_paid(db, order_id, now=at + 4 * _DAY)
    said = [reviewing.LineReview(each.line_id, 5, "会员都说好，包装完整。") for each in facts.lines]
    await reviewing.review_order(db, order_id=order_id, reviews=said, caller=handler, now=at + 5 * _DAY)


def _seller(supplier_id: UUID) -> Caller:
    return Caller(demo_id("person", "order-desk"), supplier_id, "supplier", frozenset({"admin", "sales"}))
