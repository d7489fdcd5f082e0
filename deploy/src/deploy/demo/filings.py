"""The county's reserved shares: last year's locked, this year's in every state; two units that have no people are late.
The demo's consumer works at the school, and what she buys counts to it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import CONSUMER, FINANCE_OFFICE, INSTITUTION, UNIT_ACCOUNTS, DemoAccount
from deploy.demo.market import missing
from deploy.demo.tables import demo_id
from deploy.demo.units import DemoUnit, demo_units
from orders.reserved_share import actions
from orders.reserved_share.rules import Verb
from orders.unit import staff
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database

_STEPS: Final[dict[str, tuple[Verb, ...]]] = {
    "DRAFT": (),
    "SUBMITTED": ("submit",),
    "LEAD_REVIEW": ("submit", "review"),
    "RETURNED": ("submit", "review", "return"),
    "LEAD_APPROVED": ("submit", "review", "approve"),
    "FINANCE_CONFIRMED": ("submit", "review", "approve", "confirm"),
    "LOCKED": ("submit", "review", "approve", "confirm", "lock"),
}
_AGO: Final = timedelta(days=200)
_YEAR: Final = timedelta(days=365)
_WORKS_SINCE: Final = timedelta(days=300)
COUNT: Final = 2 * sum(each.filing is not None for each in demo_units()) + 1


async def load_filings(orders: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """What is there already is left as it is. Each filing is a transaction of its own."""
    this_year = business_day(now).year
    wanted = {
        _share_id(each, year): (each, year)
        for year in (this_year - 1, this_year)
        for each in demo_units()
        if each.filing is not None
    }
    new = await missing(orders, "reserved_shares", "share_id", wanted)
    for share_id, (each, year) in wanted.items():
        if share_id in new:
            ago = _AGO if year == this_year else _AGO + _YEAR
            async with orders.begin() as db:
                await _file(db, each, year, is_past=year < this_year, now=now - ago)
        advance(1)
    async with orders.begin() as db:
        if await staff.find_link(db, CONSUMER.person_id) is None:
            school = demo_id("unit", INSTITUTION.organisation_key)
            await staff.join_unit(db, person_id=CONSUMER.person_id, unit_id=school, now=now - _WORKS_SINCE)
    advance(1)


def _share_id(unit: DemoUnit, year: int) -> UUID:
    return demo_id("reserved-share", f"{unit.key}-{year}")


async def _file(db: AsyncSession, unit: DemoUnit, year: int, *, is_past: bool, now: datetime) -> None:
    if unit.filing is None:
        return
    share = await actions.draft_share(
        db,
        share_id=_share_id(unit, year),
        year=year,
        facts=unit.filing.facts(),
        caller=_somebody(unit.key, "buyer"),
        now=now,
    )
    lead = _somebody(unit.parent, "approver") if unit.parent else _caller(FINANCE_OFFICE)
    for number, verb in enumerate(_STEPS["LOCKED" if is_past else unit.filing.state], 1):
        to: dict[str, Any] = {
            "share_id": share.share_id,
            "expected_revision": share.revision,
            "now": now + timedelta(days=number),
        }
        if verb == "submit":
            await actions.submit_share(db, caller=_somebody(unit.key, "buyer"), **to)
            continue
        caller = lead if verb in {"review", "approve", "return"} else _caller(FINANCE_OFFICE)
        reason = "食堂采购总额与上年差别较大，请核对后重报。" if verb == "return" else ""
        await actions.decide(db, verb=verb, reason=reason, caller=caller, **to)


def _somebody(key: str, role: str) -> Caller:
    found = next(
        each for each in UNIT_ACCOUNTS.values() if each.organisation_key == key and not {role}.isdisjoint(each.roles)
    )
    return _caller(found)


def _caller(account: DemoAccount) -> Caller:
    return Caller(
        account.person_id,
        organisation_id=account.organisation_id,
        kind=account.kind,
        roles=frozenset(account.roles),
        regions=account.regions,
    )
