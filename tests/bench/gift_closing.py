"""A campaign of 10,000 members: a claim code for each, then its closing into a parcel for each.

Through the service's own code in this process, in one transaction that is undone at the end, so that nothing of it is
left: only the commit's flush is not in it. Beside each: COPY of the very rows that it wrote, indexes and all, and for
codes their keyed sha-256.
"""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import UNIT_ACCOUNTS
from deploy.demo.tables import demo_id
from orders.budget import actions as budget_actions
from orders.budget.rules import budget_year
from orders.claim_code import actions as code_actions
from orders.claim_code import rules as code_rules
from orders.gift_campaign import actions as campaign_actions
from orders.gift_campaign import carrying, moving
from orders.gift_campaign.models import GiftCampaign
from orders.gift_campaign.rules import WantedPackage
from orders.gift_claim import actions as claim_actions
from orders.gift_member import actions as member_actions
from orders.gift_member.rules import FileRow
from orders.gift_parcel import closing
from orders.order.rules import Address
from orders.unit import queries as unit_queries
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.ids import new_id
from tests.bench.gift_rosters import DATABASE, a_plan, copy_seconds
from tests.bench.measurement import Figures
from tests.bench.meter import Row, own_work, row_at_most
from tests.bench.stage import Stage

MEMBERS = 10_000
_CODES_SECONDS = 2.0
_CLOSING_SECONDS = 5.0
_GOODS = text("""
    SELECT sku_id, price_fen FROM sellable_skus JOIN stock_levels USING (sku_id)
    WHERE is_listed AND price_tiers = '[]' AND presale IS NULL AND designations && ARRAY['assisted-832']
      AND price_fen BETWEEN 5000 AND 20000 AND available >= 2 * :count
      AND category NOT IN ('fruit', 'vegetable', 'aquatic', 'meat')
    ORDER BY sku_id LIMIT 1
""")
_ALL_CHOOSE = (
    text("""
        INSERT INTO gift_claims (member_id, campaign_id, package_id, way, recipient, phone, county_code, detail,
                                 claimed_at, changed_at)
        SELECT member_id, campaign_id, :package_id, 'HOME', name, '13800000000', '110105', 'bench', :now, :now
        FROM gift_members WHERE campaign_id = :campaign_id
    """),
    text("UPDATE claim_codes SET status = 'CLAIMED', moved_at = :now WHERE campaign_id = :campaign_id"),
    text("UPDATE gift_packages SET chosen_count = :count WHERE package_id = :package_id"),
)
_AT_ONCE = text("SET CONSTRAINTS ALL IMMEDIATE")  # what a commit would check
_LATER = text("SET CONSTRAINTS ALL DEFERRED")


class GiftClosing:
    """The demo's school gives to 10,000."""

    name = "claims"

    async def prepare(self, stage: Stage) -> None:
        """Nothing: each round makes its campaign and undoes it."""

    async def measure(self, stage: Stage) -> dict[str, float]:
        """Codes, then the closing, each beside its yardsticks."""
        database = Database(stage.dsn("orders"), pool_size=1)
        try:
            async with AsyncSession(database.engine, expire_on_commit=False) as db:  # whose end undoes all
                figures = await _measure(db, stage, count=stage.scaled(MEMBERS))
        finally:
            await database.dispose()
        return figures

    def rows(self, medians: Figures) -> list[Row]:
        """Seconds for ten thousand, and what a member costs."""
        codes, bare_codes = medians["codes_seconds"], medians["hash_seconds"] + medians["codes_copy_seconds"]
        closed, bare_closed = medians["closing_seconds"], medians["parcels_copy_seconds"]
        return [
            row_at_most(
                "claim codes for 10,000 members",
                codes,
                "s",
                _CODES_SECONDS,
                f"{_cost(medians, 'codes')}; sha-256 of the same codes {medians['hash_seconds']:.3f} s and COPY of the"
                f" same rows {medians['codes_copy_seconds']:.3f} s",
                codes / bare_codes,
            ),
            row_at_most(
                "closing a campaign into 10,000 parcels",
                closed,
                "s",
                _CLOSING_SECONDS,
                f"{_cost(medians, 'closing')}; COPY of the same parcels {bare_closed:.3f} s",
                closed / bare_closed,
            ),
        ]


def _cost(medians: Figures, what: str) -> str:
    app, database = (1000 * medians[f"{what}_{part}_ms"] / MEMBERS for part in ("app", "database"))
    return f"app {app:.0f} + database {database:.0f} µs CPU a member"


async def _measure(db: AsyncSession, stage: Stage, *, count: int) -> dict[str, float]:
    now, key = utc_now(), os.urandom(32)
    account = UNIT_ACCOUNTS["canteen-union"]
    union = Caller(account.person_id, account.organisation_id, "institution", frozenset(account.roles))
    campaign, package_id, locked_at = await _locked_campaign(db, count=count, caller=union, now=now)
    given: dict[str, Any] = {"campaign_id": campaign.campaign_id}
    with own_work(stage.postmaster, DATABASE) as codes:
        issued = await code_actions.issue_codes(db, department="", key=key, caller=union, now=locked_at, **given)
        await db.execute(_AT_ONCE)
    await db.execute(_LATER)
    started = perf_counter()
    hashes = {code_rules.hash_of(each.code, key) for each in issued}
    hash_seconds = perf_counter() - started
    if len(hashes) != count:
        raise RuntimeError(f"of {count} members {len(hashes)} have a code")
    codes_copy_seconds = await copy_seconds(db, "claim_codes", campaign.campaign_id)
    await claim_actions.open_claims(db, now=campaign.claim_from_at or now, **given)
    for statement in _ALL_CHOOSE:
        values = {**given, "package_id": package_id, "count": count, "now": now}
        await db.execute(statement, {name: values[name] for name in statement.compile().params})
    lot = Address("bench", "13800000000", campaign.county_code, "bench")
    with own_work(stage.postmaster, DATABASE) as closed:
        told = await closing.close_campaign(
            db, lot_address=lot, caller=union, now=campaign.claim_until_at or now, **given
        )
        await db.execute(_AT_ONCE)
    if sum(told.parcels.values()) != count:
        raise RuntimeError(f"{count} members get {told.parcels}")
    return {
        **{f"codes_{name}": value for name, value in vars(codes).items()},
        **{f"closing_{name}": value for name, value in vars(closed).items()},
        "hash_seconds": hash_seconds,
        "codes_copy_seconds": codes_copy_seconds,
        "parcels_copy_seconds": await copy_seconds(db, "gift_parcels", campaign.campaign_id),
    }


async def _locked_campaign(
    db: AsyncSession, *, count: int, caller: Caller, now: datetime
) -> tuple[GiftCampaign, UUID, datetime]:
    """A campaign whose roster is locked, its one package, and when it was locked. Its decisions are taken by hand."""
    unit = await unit_queries.get_unit(db, demo_id("unit", "canteen"))
    sku_id, price_fen = (await db.execute(_GOODS, {"count": count})).one()
    plan = replace(a_plan(count, now=now), per_head_fen=price_fen, budget_fen=price_fen * count)
    await budget_actions.grant(
        db,
        unit_id=unit.unit_id,
        year=budget_year(plan.claim_until_at or now),
        fund="UNION",
        amount_fen=plan.budget_fen,
        entry_id=uuid4(),
        reason="bench",
        by=None,
        now=now,
    )
    person_id = caller.person_id
    campaign = await campaign_actions.draft_campaign(
        db, campaign_id=new_id(), unit=unit, plan=plan, person_id=person_id, now=now
    )
    campaign_id = campaign.campaign_id
    await campaign_actions.pack(
        db,
        campaign_id=campaign_id,
        wanted=[WantedPackage("bench", count, {sku_id: 1})],
        default_position=1,
        expected_revision=campaign.revision,
        person_id=person_id,
        now=now,
    )
    for verb in ("submit", "approve"):
        await moving.move_on(db, campaign, verb, person_id=person_id, now=now)
    cells = [{"member_no": f"{number:06d}", "name": f"会员{number}", "department": "bench"} for number in range(count)]
    await member_actions.import_roster(
        db,
        file_id=new_id(),
        campaign_id=campaign_id,
        name="bench.xlsx",
        digest=campaign_id.bytes * 2,
        rows=[FileRow(number, each) for number, each in enumerate(cells, start=2)],
        person_id=person_id,
        now=now,
        new_id=new_id,
    )
    await moving.move_on(db, campaign, "choose", person_id=person_id, now=now)
    await carrying.publish_list(
        db, campaign_id=campaign_id, expected_revision=campaign.revision, person_id=person_id, now=now
    )
    locked_at = now + timedelta(days=6)
    await carrying.lock_roster(
        db, campaign_id=campaign_id, expected_revision=campaign.revision, caller=caller, now=locked_at
    )
    if campaign.default_package_id is None:
        raise RuntimeError("the campaign has no package")
    return campaign, campaign.default_package_id, locked_at
