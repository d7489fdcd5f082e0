"""Making contracts and moving them on.

Locks are taken in the order of the catalog: supplier, then contract.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.document import queries as document_queries
from catalog.linkage import actions as linkage_actions
from catalog.linkage.rules import ensure_period
from catalog.notice.actions import notify
from catalog.product import queries as product_queries
from catalog.profit_contract import data, queries, rules
from catalog.profit_contract.models import ProfitContract, ProfitContractHousehold
from catalog.supplier import queries as supplier_queries
from catalog.trail import actions as trail_actions
from shared.auth import Caller
from shared.clock import business_day
from shared.errors import Invalid
from shared.etag import ensure_fresh

SUBJECT = "profit_contract"


@dataclass(frozen=True)
class ContractEntry:
    """A contract as it is entered. Without households the village's collective gets the share."""

    county_code: str
    township: str
    village: str
    basis: str
    share_bp: int
    from_on: date
    deduction_bp: int = 0
    until_on: date | None = None
    product_id: UUID | None = None
    households: tuple[rules.Beneficiary, ...] = ()
    document_id: UUID | None = None
    note: str = ""


async def create_contract(
    db: AsyncSession,
    *,
    contract_id: UUID,
    supplier_id: UUID,
    entry: ContractEntry,
    caller: Caller | None,
    now: datetime,
) -> ProfitContract:
    """A draft. 422 `share-below-floor`, `deduction-not-allowed`, `period-empty`, `household-twice`, `product-unknown`,
    `document-unknown`; 404 `supplier-unknown`."""
    await supplier_queries.lock_supplier_shared(db, supplier_id)
    contract = ProfitContract(
        contract_id=contract_id,
        supplier_id=supplier_id,
        status="DRAFT",
        revision=1,
        created_at=now,
        changed_at=now,
        **await _values(db, entry, supplier_id=supplier_id),
    )
    db.add(contract)
    await db.flush()
    await _save_households(db, contract_id, entry.households)
    await record(db, contract, "create", caller, now, before="")
    return contract


async def edit_contract(
    db: AsyncSession,
    *,
    contract_id: UUID,
    expected_revision: int,
    entry: ContractEntry,
    caller: Caller | None,
    now: datetime,
) -> ProfitContract:
    """Replace all of a draft or returned contract. 409 `profit-contract-status`; else as creating."""
    contract = await queries.lock_contract(db, contract_id)
    ensure_fresh(expected_revision, contract.revision)
    rules.ensure_editable(contract.status)
    for name, value in (await _values(db, entry, supplier_id=contract.supplier_id)).items():
        setattr(contract, name, value)
    contract.revision += 1
    contract.changed_at = now
    await db.execute(delete(ProfitContractHousehold).where(ProfitContractHousehold.contract_id == contract_id))
    await db.flush()
    await _save_households(db, contract_id, entry.households)
    await record(db, contract, "edit", caller, now, before=contract.status)
    return contract


async def move_contract(
    db: AsyncSession,
    *,
    contract_id: UUID,
    verb: str,
    caller: Caller | None,
    now: datetime,
    expected_revision: int | None = None,
    reason: str = "",
) -> ProfitContract:
    """`submit`, `confirm`, `return` or `end` it. The supplier is locked first, so that of two contracts confirmed at
    once the second sees the first. 409 `profit-contract-status`, `shares-exceed-whole`; 412 `stale`."""
    supplier_id = (await queries.get_contract(db, contract_id)).supplier_id
    await supplier_queries.lock_supplier(db, supplier_id)
    contract = await queries.lock_contract(db, contract_id)
    if expected_revision is not None:
        ensure_fresh(expected_revision, contract.revision)
    before = contract.status
    contract.status = rules.status_after(verb, before)
    if verb == "confirm":
        rules.ensure_within_whole(await queries.list_overlapping_shares(db, contract), contract.share_bp)
    elif verb == "end":
        today = business_day(now)
        contract.until_on = max(contract.from_on, min(today, contract.until_on or today))
    contract.revision += 1
    contract.changed_at = now
    await db.flush()
    await record(db, contract, verb, caller, now, before=before, reason=reason)
    if verb in {"confirm", "return"}:
        await notify(
            db,
            organisation_id=supplier_id,
            code=f"profit-contract-{contract.status.lower()}",
            occasion=f"profit-contract:{contract_id}:{contract.revision}",
            subject_kind=SUBJECT,
            subject_id=contract_id,
            now=now,
            facts={"village": contract.village, "reason": reason},
        )
    return contract


async def _values(db: AsyncSession, entry: ContractEntry, *, supplier_id: UUID) -> dict[str, Any]:
    ensure_period(entry.from_on, entry.until_on)
    place = await linkage_actions.place_of(
        db, county_code=entry.county_code, township=entry.township, village=entry.village
    )
    floor = data.floor_for(entry.basis, county_code=place.county_code, on=entry.from_on)
    terms = rules.Terms(entry.basis, entry.share_bp, entry.deduction_bp)
    rules.ensure_terms(terms, floor_bp=floor.floor_bp if floor else None)
    if len({each.household_key for each in entry.households}) != len(entry.households):
        raise Invalid("A household is entered twice.", code="household-twice", field="households")
    if entry.product_id is not None:
        found = await product_queries.list_products_by_id(db, [entry.product_id])
        if not found or found[0].supplier_id != supplier_id:
            raise Invalid("The supplier has no such product.", code="product-unknown", field="product_id")
    if entry.document_id is not None:
        await document_queries.ensure_documents_of(
            db, [entry.document_id], organisation_id=supplier_id, field="document_id"
        )
    return {
        "county_code": place.county_code,
        "township": place.township,
        "village": place.village,
        "product_id": entry.product_id,
        "basis": entry.basis,
        "share_bp": entry.share_bp,
        "deduction_bp": entry.deduction_bp,
        "floor_bp": floor.floor_bp if floor else 0,
        "floor_source": floor.source if floor else "",
        "from_on": entry.from_on,
        "until_on": entry.until_on,
        "document_id": entry.document_id,
        "note": entry.note,
    }


async def _save_households(db: AsyncSession, contract_id: UUID, households: Iterable[rules.Beneficiary]) -> None:
    rows = [
        {"contract_id": contract_id, "household_key": each.household_key, "weight": each.weight} for each in households
    ]
    if rows:
        await db.execute(insert(ProfitContractHousehold), rows)


async def record(
    db: AsyncSession,
    contract: ProfitContract,
    verb: str,
    caller: Caller | None,
    now: datetime,
    *,
    before: str,
    reason: str = "",
) -> None:
    """Note on the contract's trail what was done with it."""
    await trail_actions.record(
        db,
        subject_kind=SUBJECT,
        subject_id=contract.contract_id,
        verb=verb,
        caller=caller,
        now=now,
        from_status=before,
        to_status=contract.status,
        reason=reason,
    )
