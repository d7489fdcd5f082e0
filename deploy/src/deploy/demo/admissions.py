"""Suppliers on their way to admission, in every state, in two counties; and licences that end soon or have ended."""

import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.admission import actions, queries
from catalog.document import actions as document_actions
from catalog.licence import actions as licence_actions
from catalog.supplier import actions as supplier_actions
from deploy.demo.accounts import OFFICES, REVIEWER, DemoAccount
from deploy.demo.market import in_batches, missing
from deploy.demo.tables import DemoSupplier, demo_id, suppliers
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database
from shared.files import Files
from shared.ids import new_id
from shared.uscc import check_character

_WAY = ("submit", "take_up", "production", "linkage", "recommend", "examine", "admit")
_AFTER = {"county_reject": "take_up", "platform_reject": "examine", "suspend": "admit", "exit": "admit"}
_PREFIXES = {"cooperative": "93", "village_collective": "N2", "enterprise": "91", "agent": "91", "family_farm": "92"}
_OFFICE_OF = {
    "take_up": "agriculture",
    "production": "agriculture",
    "linkage": "assistance",
    "recommend": "assistance",
    "county_reject": "assistance",
}
_SCAN = b"%PDF-1.4\n% a practice document of the demo\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"


@cache
def tables() -> dict[str, list[dict[str, Any]]]:
    """`applicant` and `licence` rows of admissions.toml."""
    return tomllib.loads((files("deploy.demo") / "data" / "admissions.toml").read_text(encoding="utf-8"))


def applicant_id(key: str) -> UUID:
    """An applicant's id, which is that of its organisation."""
    return demo_id("supplier", key)


def a_code(number: int, *, kind: str, county: str, is_wrong: bool) -> str:
    """An invented credit code; a wrong one differs in its check character."""
    first = f"{_PREFIXES[kind]}{county}MADEM{number:04d}"
    right = check_character(first)
    return first + (right if not is_wrong else "1" if right == "0" else "0")


def _caller(account: DemoAccount) -> Caller:
    return Caller(
        account.person_id, account.organisation_id, account.kind, frozenset(account.roles), tuple(account.regions)
    )


def _of_supplier(supplier_id: UUID) -> Caller:
    return Caller(demo_id("person", str(supplier_id)), supplier_id, "supplier", frozenset({"admin"}))


async def load_admissions(
    database: Database, environment: Mapping[str, str], *, now: datetime, advance: Callable[[int], None]
) -> None:
    """Each applicant as far as it went, in one transaction; then the licences."""
    store = Files(environment["CATALOG_FILES_URL"])
    applicants = tables()["applicant"]
    new = await missing(database, "suppliers", "supplier_id", (applicant_id(each["key"]) for each in applicants))
    rows = [(index, each) for index, each in enumerate(applicants) if applicant_id(each["key"]) in new]

    async def apply(db: AsyncSession, row: tuple[int, dict[str, Any]]) -> None:
        await _apply(db, store, row[1], number=row[0], now=now)

    await in_batches(database, rows, apply, advance, size=1)
    licences = {demo_id("licence", f"{each['supplier']}:{each['type']}"): each for each in tables()["licence"]}
    unknown = await missing(database, "licences", "licence_id", licences)

    async def file(db: AsyncSession, row: tuple[UUID, dict[str, Any]]) -> None:
        await _license(db, store, row[0], row[1], now=now)

    await in_batches(database, [each for each in licences.items() if each[0] in unknown], file, advance, size=1)


async def load_mandates(database: Database, environment: Mapping[str, str], *, now: datetime) -> None:
    """Each agent sells for a supplier of its province: a mandate of ten years, verified."""
    store = Files(environment["CATALOG_FILES_URL"])
    agents = {demo_id("licence", f"{each.key}:mandate"): each for each in suppliers() if each.kind == "agent"}
    unknown = await missing(database, "licences", "licence_id", agents)

    async def mandate(db: AsyncSession, row: tuple[UUID, DemoSupplier]) -> None:
        licence_id, agent = row
        principal = next(
            each for each in suppliers() if each.kind != "agent" and each.county_code[:2] == agent.county_code[:2]
        )
        at = now - timedelta(days=395)
        await licence_actions.file_licence(
            db,
            licence_id=licence_id,
            supplier_id=agent.supplier_id,
            type_id="agency_mandate",
            number=f"委托{agent.county_code}-{agent.key}",
            issuer=principal.name,
            valid_from=business_day(at),
            valid_until=business_day(at) + timedelta(days=3650),
            document_id=await _scan(db, store, agent.supplier_id, agent.county_code, "委托书.pdf", at),
            principal_id=principal.supplier_id,
            caller=_of_supplier(agent.supplier_id),
            now=at,
        )
        await licence_actions.change_status(
            db, licence_id=licence_id, verb="verify", expected_revision=1, caller=_caller(REVIEWER), now=at
        )

    await in_batches(database, [each for each in agents.items() if each[0] in unknown], mandate, _nothing)


def _nothing(count: int) -> None:
    """What is too short for a bar of its own."""


async def _apply(db: AsyncSession, store: Files, row: dict[str, Any], *, number: int, now: datetime) -> None:
    supplier_id, kind, county = applicant_id(row["key"]), row.get("kind", "cooperative"), row["county"]
    own, at = _of_supplier(supplier_id), now - timedelta(days=row["days"] + 2)
    is_wrong = row.get("wrong_code", False)
    identity = {
        "kind": kind,
        "name": row["name"],
        "name_en": row["name_en"],
        "county_code": county,
        "uscc": a_code(number, kind=kind, county=county, is_wrong=is_wrong),
        "is_uscc_as_printed": is_wrong,
    }
    await supplier_actions.register_supplier(db, supplier_id=supplier_id, caller=own, now=at, **identity)
    await actions.open_admission(db, supplier_id=supplier_id, now=at)
    document_id = await _scan(db, store, supplier_id, county, "与农户的协议.pdf", at)
    await _file(db, store, row, "collective_certificate" if kind == "village_collective" else "business_licence", at)
    if "principal" in row:
        await _file(db, store, row, "agency_mandate", at, principal_id=demo_id("supplier", row["principal"]))
    await actions.edit_application(
        db,
        supplier_id=supplier_id,
        expected_revision=1,
        identity=identity,
        application=_application(row, document_id),
        caller=own,
        now=at,
    )
    last = _AFTER.get(row["until"], row["until"])
    if last == "draft":
        return
    steps = [*_WAY[: _WAY.index(last) + 1], *([row["until"]] if row["until"] in _AFTER else [])]
    for step, verb in enumerate(steps):
        moment = now - timedelta(days=row["days"]) + timedelta(hours=20 * step)
        await _step(db, row, verb, now=min(moment, now - timedelta(hours=1)))


def _application(row: dict[str, Any], document_id: UUID) -> dict[str, Any]:
    is_agent = row.get("kind") == "agent"
    households = row.get("households")
    return {
        "address": row["place"],
        "contact_name": "办公室",
        "contact_phone": "0000-0000000",
        "products": row["goods"],
        "supply_capacity": "旺季每月可供 3 吨，三天内发货",
        "yearly_output_kg": None if is_agent else (households or 0) * 420,
        "quality_measures": "批批留样，每季送检一次",
        "linkage_ways": [] if is_agent else ["purchase", "employment"],
        "linked_household_count": households,
        "linked_person_count": row.get("persons"),
        "yearly_income_fen": None if households is None else households * 320_000,
        "agreement_document_ids": [] if is_agent else [str(document_id)],
        "document_ids": [str(document_id)] if is_agent else [],
    }


async def _step(db: AsyncSession, row: dict[str, Any], verb: str, *, now: datetime) -> None:
    supplier_id = applicant_id(row["key"])
    office = OFFICES[row["county"], _OFFICE_OF[verb]] if verb in _OFFICE_OF else REVIEWER
    caller = _of_supplier(supplier_id) if verb in {"submit", "exit"} else _caller(office)
    if verb in {"suspend", "exit"}:
        await supplier_actions.change_status(
            db, supplier_id=supplier_id, verb=verb, reason=row["reason"], caller=caller, now=now
        )
        return
    facts: dict[str, Any] = {
        "supplier_id": supplier_id,
        "expected_revision": (await queries.get_admission(db, supplier_id)).revision,
        "caller": caller,
        "now": now,
    }
    if verb == "submit":
        await actions.submit(db, **facts)
    elif verb in {"production", "linkage"}:
        said = {"production": "现场查看，产地和产量属实", "linkage": "抽访农户，户数和协议属实"}[verb]
        await actions.give_opinion(db, part=verb, is_favourable=True, sentence=said, **facts)
    else:
        findings = [{"field": name, "sentence": sentence} for name, sentence in row.get("findings", [])]
        await actions.move(db, verb=verb, findings=findings if verb.endswith("_reject") else [], **facts)


async def _file(
    db: AsyncSession, store: Files, row: dict[str, Any], type_id: str, at: datetime, principal_id: UUID | None = None
) -> None:
    """A licence of an applicant: open-ended, a mandate for a year."""
    supplier_id, county = applicant_id(row["key"]), row["county"]
    today = business_day(at)
    await licence_actions.file_licence(
        db,
        licence_id=demo_id("licence", f"{row['key']}:{type_id}"),
        supplier_id=supplier_id,
        type_id=type_id,
        number=f"演示{type_id[:3].upper()}{county}{row['key']}",
        issuer=f"{row['name'][:2]}县市场监督管理局",
        valid_from=today - timedelta(days=700),
        valid_until=today + timedelta(days=365) if type_id == "agency_mandate" else None,
        document_id=await _scan(db, store, supplier_id, county, "证照扫描件.pdf", at),
        principal_id=principal_id,
        caller=_of_supplier(supplier_id),
        now=at,
    )


async def _license(db: AsyncSession, store: Files, licence_id: UUID, row: dict[str, Any], *, now: datetime) -> None:
    """A licence of a supplier that sells already, filed two months ago and verified by its county."""
    supplier_id, at = demo_id("supplier", row["supplier"]), now - timedelta(days=60)
    county = "420325"
    await licence_actions.file_licence(
        db,
        licence_id=licence_id,
        supplier_id=supplier_id,
        type_id=row["type"],
        number=f"演示{row['type'][:3].upper()}{county}{row['supplier']}",
        issuer="房县市场监督管理局",
        valid_from=business_day(at) - timedelta(days=500),
        valid_until=business_day(now) + timedelta(days=row["left"]),
        document_id=await _scan(db, store, supplier_id, county, "证照扫描件.pdf", at),
        caller=_of_supplier(supplier_id),
        now=at,
    )
    await licence_actions.change_status(
        db,
        licence_id=licence_id,
        verb="verify",
        expected_revision=1,
        caller=_caller(OFFICES[county, "agriculture"]),
        now=at + timedelta(days=1),
    )


async def _scan(db: AsyncSession, store: Files, owner: UUID, county: str, name: str, at: datetime) -> UUID:
    document_id = new_id()
    await document_actions.store_document(
        db, store, document_id=document_id, organisation_id=owner, county_code=county, name=name, content=_SCAN, now=at
    )
    return document_id
