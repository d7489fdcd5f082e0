"""Household linkage, profit sharing and facts about origin for the demo: invented villages, numbers and sums."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.eligibility import actions as eligibility_actions
from catalog.linkage import actions as linkage_actions
from catalog.linkage.actions import Entry, Income
from catalog.linkage.rules import Village, household_key
from catalog.origin_fact import actions as fact_actions
from catalog.profit_contract import actions as contract_actions
from catalog.profit_contract.actions import ContractEntry
from catalog.profit_contract.rules import Beneficiary
from catalog.profit_share import actions as share_actions
from deploy.demo.market import Advance, in_batches, missing
from deploy.demo.tables import DemoSupplier, demo_id, products, suppliers
from shared.clock import business_day
from shared.db import Database

_FEN_PER_HOUSEHOLD = 260_000
_MOST_LINKED = 60
_STATES: Mapping[int, tuple[str, ...]] = {0: (), 1: ("submit",), 2: ("submit", "return")}


@dataclass(frozen=True)
class DemoVillage:
    """A village that a demo supplier links, and in which ways."""

    supplier: DemoSupplier
    number: int
    township: str
    village: str

    @property
    def place(self) -> Village:
        """As households' keys know it."""
        return Village(self.supplier.county_code, self.township, self.village)

    @property
    def linkage_id(self) -> UUID:
        """Its id."""
        return demo_id("linkage", f"{self.supplier.key}/{self.number}")


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads((files("deploy.demo") / "data" / "linkages.toml").read_text(encoding="utf-8"))


def linked_suppliers() -> list[DemoSupplier]:
    """The suppliers with linkages: those named in the file, then the first others."""
    named = [*_content()["suppliers"], *_content()["waiting"]]
    rest = [each for each in suppliers() if each.key not in named]
    first = [each for each in suppliers() if each.key in named]
    return [*first, *rest[: _MOST_LINKED - len(first)]]


def villages() -> list[DemoVillage]:
    """Two villages a supplier, with names that are nobody's."""
    townships, names = _content()["townships"], _content()["villages"]
    return [
        DemoVillage(supplier, number, townships[place % len(townships)], names[(place * 2 + number) % len(names)])
        for place, supplier in enumerate(linked_suppliers())
        for number in range(2)
    ]


def linkage_count() -> int:
    """How many steps the load takes."""
    return len(villages()) + len(linked_suppliers())


async def load_linkages(catalog: Database, *, now: datetime, advance: Advance, secret: str) -> None:
    """Linkages in every state, contracts with some months of shares, facts, and the answers that follow."""
    found = villages()
    new = await missing(catalog, "linkages", "linkage_id", (each.linkage_id for each in found))
    key = secret.encode()

    async def add_village(db: AsyncSession, row: DemoVillage) -> None:
        await _add_village(db, row, key=key, now=now)

    await in_batches(catalog, [each for each in found if each.linkage_id in new], add_village, advance, size=10)
    contracts = {demo_id("contract", each.key): each for each in linked_suppliers()[:12]}
    unshared = await missing(catalog, "profit_contracts", "contract_id", contracts)

    async def add_contract(db: AsyncSession, contract_id: UUID) -> None:
        await _add_contract(db, contract_id, contracts[contract_id], key=key, now=now)

    await in_batches(catalog, [each for each in contracts if each in unshared], add_contract, advance, size=4)
    if unshared:
        await _add_facts(catalog, now=now)
    await _decide(catalog, now=now, advance=advance)


def _homes(row: DemoVillage, *, key: bytes) -> tuple[linkage_actions.Household, ...]:
    """Half of the households that the supplier tells of, in each of its two villages."""
    count = row.supplier.linked_households
    share = count // 2 if row.number else count - count // 2
    numbers = [(f"{place:04d}", 2 + place % 4) for place in range(1, share + 1)]
    return linkage_actions.households_of(numbers, secret=key, place=row.place)


async def _add_village(db: AsyncSession, row: DemoVillage, *, key: bytes, now: datetime) -> None:
    """The first village is confirmed, the second as `_verbs` says."""
    today = business_day(now)
    homes = _homes(row, key=key)
    ways = ("purchase", "employment", "land_lease", "dividend", "shareholding", "long_term_order")
    paid = max(1, len(homes)) * _FEN_PER_HOUSEHOLD
    entry = Entry(
        way=ways[row.linkage_id.int % len(ways)],
        county_code=row.supplier.county_code,
        township=row.township,
        village=row.village,
        from_on=date(today.year - 1, 1, 1),
        households=homes,
        incomes=(
            Income(today.year - 1, wage_fen=paid // 4, operating_fen=paid // 2),
            Income(today.year, wage_fen=paid // 3, asset_fen=paid // 10, operating_fen=paid // 2),
        ),
    )
    await linkage_actions.create_linkage(
        db,
        linkage_id=row.linkage_id,
        supplier_id=row.supplier.supplier_id,
        entry=entry,
        caller=None,
        now=now - timedelta(days=300),
    )
    for step in _verbs(row):
        await linkage_actions.move_linkage(
            db,
            linkage_id=row.linkage_id,
            verb=step,
            caller=None,
            now=now - timedelta(days=2),
            reason="请补充与农户签订的协议" if step == "return" else "",
        )


def _verbs(row: DemoVillage) -> tuple[str, ...]:
    """How far the linkage has come."""
    if row.number == 1 and row.supplier.key in _content()["waiting"]:
        return ("submit",)
    if row.number == 0 or row.supplier.key in _content()["suppliers"]:
        return ("submit", "confirm")
    return _STATES.get(row.linkage_id.int % 9, ("submit", "confirm"))


async def _add_contract(
    db: AsyncSession, contract_id: UUID, supplier: DemoSupplier, *, key: bytes, now: datetime
) -> None:
    """A contract with the first village, two months of settled lines, and the first of them paid."""
    today = business_day(now)
    row = next(each for each in villages() if each.supplier == supplier and each.number == 0)
    is_collective = contract_id.int % 3 == 0
    homes = tuple(
        Beneficiary(household_key(key, row.place, f"{number:04d}"), 1 + number % 3) for number in range(1, 13)
    )
    entry = ContractEntry(
        county_code=supplier.county_code,
        township=row.township,
        village=row.village,
        basis="line_payable",
        share_bp=200 + contract_id.int % 5 * 50,
        from_on=date(today.year, 1, 1),
        households=() if is_collective else homes,
    )
    await contract_actions.create_contract(
        db,
        contract_id=contract_id,
        supplier_id=supplier.supplier_id,
        entry=entry,
        caller=None,
        now=now - timedelta(days=200),
    )
    for verb in ("submit", "confirm"):
        await contract_actions.move_contract(
            db, contract_id=contract_id, verb=verb, caller=None, now=now - timedelta(days=190)
        )
    goods = [each.product_id for each in products() if each.supplier_key == supplier.key][:3]
    for month in (2, 1):
        for place, product_id in enumerate(goods):
            name = f"{supplier.key}/{month}/{place}"
            await share_actions.share_settled(
                db,
                order_id=demo_id("settled-order", name),
                supplier_order_id=demo_id("settled-part", name),
                supplier_id=supplier.supplier_id,
                lines=[share_actions.SettledLine(demo_id("settled-line", name), product_id, 38_600 + 1_250 * place)],
                settled_at=now - timedelta(days=30 * month + place),
                now=now,
            )
    if goods and contract_id.int % 2:
        await share_actions.pay_out(
            db,
            payout_id=demo_id("payout", supplier.key),
            contract_id=contract_id,
            period_on=(today.replace(day=1) - timedelta(days=1)).replace(day=1),
            paid_on=today - timedelta(days=1),
            reference=f"HD{today:%Y%m}{contract_id.int % 10_000:04d}",
            document_id=None,
            caller=None,
            now=now,
        )


async def _add_facts(catalog: Database, *, now: datetime) -> None:
    """What the file records of villages, products and suppliers."""
    by_key = {each.key: each for each in suppliers()}
    async with catalog.begin() as db:
        for row in _content()["fact"]:
            supplier = by_key[row["supplier"]]
            village, county = await fact_actions.village_key(
                db, county_code=supplier.county_code, township=row["township"], village=row["village"]
            )
            await _record(db, row["name"], row["value"], subject_key=village, county=county, row=row, now=now)
            for product in products():
                if product.supplier_key == supplier.key and product.key in row["products"]:
                    key = str(product.product_id)
                    await _record(db, "village", village, subject_key=key, county=county, row=row, now=now)


async def _record(
    db: AsyncSession, name: str, value: Any, *, subject_key: str, county: str, row: dict[str, Any], now: datetime
) -> None:
    await fact_actions.record_fact(
        db,
        subject_key=subject_key,
        county_code=county,
        name=name,
        value=value,
        from_on=business_day(now) - timedelta(days=30),
        source=row["source"],
        caller=None,
        now=now,
    )


async def _decide(catalog: Database, *, now: datetime, advance: Advance) -> None:
    """All products, so that no page waits for the clock."""
    is_busy = True
    while is_busy:
        async with catalog.begin() as db:
            is_busy = await eligibility_actions.decide_due(db, now=now) > 0
    advance(linkage_count())
