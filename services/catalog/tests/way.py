"""Suppliers on their way to admission, moved by the catalog's own actions; and the people who decide."""

from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.admission import actions, queries
from catalog.admission.models import Admission
from catalog.document.models import Document
from catalog.licence import actions as licence_actions
from catalog.licence.models import Licence
from catalog.supplier import actions as supplier_actions
from catalog.supplier.models import Supplier
from shared.auth import Caller
from shared.testing import NOW
from shared.uscc import check_character

COUNTY = "420325"
AGRICULTURE = Caller(uuid4(), uuid4(), "official", frozenset({"agriculture"}), (COUNTY,))
ASSISTANCE = Caller(uuid4(), uuid4(), "official", frozenset({"assistance"}), (COUNTY,))
BOTH = Caller(uuid4(), uuid4(), "official", frozenset({"agriculture", "assistance"}), (COUNTY,))
PLATFORM = Caller(uuid4(), uuid4(), "operator", frozenset({"reviewer"}))
WAY = ("submit", "take_up", "production", "linkage", "recommend", "examine", "admit")
"""The straight way, with the two opinions on it."""
_numbers = count(1)


def of(supplier_id: UUID) -> Caller:
    """Somebody who works for the supplier."""
    return Caller(supplier_id, supplier_id, "supplier", frozenset({"admin"}))


def a_code(prefix: str = "93") -> str:
    """A fresh valid credit code."""
    first = f"{prefix}420325MA5{next(_numbers):06d}"
    return first + check_character(first)


def a_wrong_code(prefix: str = "93") -> str:
    """A fresh code of the right form whose check character does not fit."""
    code = a_code(prefix)
    return code[:17] + ("1" if code[17] == "0" else "0")


def application(document_id: UUID, **given: Any) -> dict[str, Any]:
    """What a cooperative of 房县 says of itself, with the one document that proves all."""
    return {
        "address": "湖北省十堰市房县红塔镇大山村",
        "contact_name": "大山合作社办公室",
        "contact_phone": "0719-0000000",
        "products": "香菇、黑木耳，产自红塔镇",
        "supply_capacity": "每月干香菇 3 吨",
        "yearly_output_kg": 36_000,
        "quality_measures": "批批自检，留样一年",
        "linkage_ways": ["purchase", "employment"],
        "linked_household_count": 86,
        "linked_person_count": 240,
        "yearly_income_fen": 51_600_000,
        "agreement_document_ids": [str(document_id)],
        "document_ids": [],
        **given,
    }


async def document(db: AsyncSession, organisation_id: UUID) -> UUID:
    """A scan that the organisation uploaded."""
    kept = Document(
        document_id=uuid4(),
        organisation_id=organisation_id,
        county_code=COUNTY,
        key=f"{uuid4().hex}.pdf",
        name="扫描件.pdf",
        content_type="application/pdf",
        size_bytes=9,
        uploaded_at=NOW,
    )
    db.add(kept)
    await db.flush()
    return kept.document_id


async def licence(
    db: AsyncSession, supplier_id: UUID, *, type_id: str = "business_licence", days: int | None = 900, **given: Any
) -> Licence:
    """A filed licence that ends so many days after the day of the tests (never for None)."""
    today = date(2026, 11, 22)
    facts = {
        "number": f"证{next(_numbers)}",
        "issuer": "房县市场监督管理局",
        "valid_from": today - timedelta(days=400),
        "valid_until": None if days is None else today + timedelta(days=days),
        "document_id": await document(db, supplier_id),
        "now": NOW,
    }
    return await licence_actions.file_licence(
        db, licence_id=uuid4(), supplier_id=supplier_id, type_id=type_id, **{**facts, **given}
    )


async def verified(db: AsyncSession, supplier_id: UUID, **given: Any) -> Licence:
    """The same, verified."""
    filed = await licence(db, supplier_id, **given)
    return await licence_actions.change_status(
        db, licence_id=filed.licence_id, verb="verify", expected_revision=1, caller=AGRICULTURE, now=NOW
    )


async def draft(
    db: AsyncSession, *, kind: str = "cooperative", said: dict[str, Any] | None = None, **given: Any
) -> UUID:
    """A registered supplier with a complete application that was not handed in; its id."""
    supplier_id = uuid4()
    prefix = {"cooperative": "93", "village_collective": "N2"}.get(kind, "91")
    facts = {"name": f"房县大山合作社{next(_numbers)}", "county_code": COUNTY, "uscc": a_code(prefix), "now": NOW}
    facts |= given
    await supplier_actions.register_supplier(db, supplier_id=supplier_id, kind=kind, caller=of(supplier_id), **facts)
    await actions.open_admission(db, supplier_id=supplier_id, now=NOW)
    type_id = "collective_certificate" if kind == "village_collective" else "business_licence"
    await licence(db, supplier_id, type_id=type_id)
    await edit(db, supplier_id, **(said or {}))
    return supplier_id


async def edit(db: AsyncSession, supplier_id: UUID, **said: Any) -> Admission:
    """Replace the application by a complete one with some of it changed."""
    supplier = await db.get_one(Supplier, supplier_id)
    return await actions.edit_application(
        db,
        supplier_id=supplier_id,
        expected_revision=await revision(db, supplier_id),
        identity={
            "kind": supplier.kind,
            "name": supplier.name,
            "name_en": "",
            "county_code": supplier.county_code,
            "uscc": supplier.uscc,
            "is_uscc_as_printed": supplier.uscc_check == "FAILED",
        },
        application=application(await document(db, supplier_id), **said),
        caller=of(supplier_id),
        now=NOW,
    )


async def revision(db: AsyncSession, supplier_id: UUID) -> int:
    """What a reviewer saw last."""
    return (await queries.lock_admission(db, supplier_id)).revision


async def step(db: AsyncSession, supplier_id: UUID, verb: str, *, caller: Caller | None = None, **given: Any) -> None:
    """One step of the way, by whoever is to do it."""
    facts = {"supplier_id": supplier_id, "expected_revision": await revision(db, supplier_id), "now": NOW, **given}
    if verb == "submit":
        await actions.submit(db, caller=caller or of(supplier_id), **facts)
    elif verb in {"production", "linkage"}:
        office = {"production": AGRICULTURE, "linkage": ASSISTANCE}[verb]
        facts = {"is_favourable": True, "sentence": "属实", **facts}
        await actions.give_opinion(db, part=verb, caller=caller or office, **facts)
    else:
        office = {
            "withdraw": of(supplier_id),
            "take_up": AGRICULTURE,
            "county_reject": ASSISTANCE,
            "recommend": ASSISTANCE,
        }.get(verb, PLATFORM)
        if verb.endswith("_reject"):
            facts = {"findings": [{"field": "products", "sentence": "说明产地到村"}], **facts}
        await actions.move(db, verb=verb, caller=caller or office, **facts)


async def on_the_way(db: AsyncSession, until: str = "admit", **given: Any) -> UUID:
    """A supplier that went the straight way as far as this step; its id."""
    supplier_id = await draft(db, **given)
    for verb in WAY[: WAY.index(until) + 1]:
        await step(db, supplier_id, verb)
    return supplier_id
