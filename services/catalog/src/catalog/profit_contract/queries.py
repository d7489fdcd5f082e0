"""Reading contracts and whom they give to."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.profit_contract.models import ProfitContract, ProfitContractHousehold
from catalog.profit_contract.rules import COLLECTIVE, Beneficiary, Contract, Terms
from shared.errors import NotFound


def unknown_contract() -> NotFound:
    """The refusal of a contract that is not there, or not for this caller."""
    return NotFound("There is no such contract.", code="profit-contract-unknown", field="contract_id")


async def get_contract(db: AsyncSession, contract_id: UUID) -> ProfitContract:
    """The contract; 404 `profit-contract-unknown`."""
    contract = await db.get(ProfitContract, contract_id)
    if contract is None:
        raise unknown_contract()
    return contract


async def lock_contract(db: AsyncSession, contract_id: UUID) -> ProfitContract:
    """The contract as it is now, held until the transaction ends; 404 `profit-contract-unknown`."""
    contract = await db.scalar(
        select(ProfitContract)
        .where(ProfitContract.contract_id == contract_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if contract is None:
        raise unknown_contract()
    return contract


async def list_contracts(
    db: AsyncSession,
    *,
    supplier_id: UUID | None,
    prefixes: Collection[str] | None,
    status: str | None,
    q: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[ProfitContract]:
    """Contracts in order of id (of entry), of one supplier or of divisions with these leading digits (None: all)."""
    query = _within(select(ProfitContract), supplier_id, prefixes).order_by(ProfitContract.contract_id).limit(limit)
    if status is not None:
        query = query.where(ProfitContract.status == status)
    if q:
        query = query.where(func.strpos(ProfitContract.township + ProfitContract.village + ProfitContract.note, q) > 0)
    if after is not None:
        query = query.where(ProfitContract.contract_id > after)
    return (await db.scalars(query)).all()


def _within(query: Select[Any], supplier_id: UUID | None, prefixes: Collection[str] | None) -> Select[Any]:
    if supplier_id is not None:
        query = query.where(ProfitContract.supplier_id == supplier_id)
    if prefixes is not None:
        query = query.where(or_(False, *(ProfitContract.county_code.startswith(each) for each in prefixes)))
    return query


async def list_beneficiaries(db: AsyncSession, contract_ids: Iterable[UUID]) -> dict[UUID, list[Beneficiary]]:
    """Who each contract gives to, in order of key; the village's collective where it names no household."""
    ids = list(contract_ids)
    rows = await db.scalars(
        select(ProfitContractHousehold)
        .where(ProfitContractHousehold.contract_id.in_(ids))
        .order_by(ProfitContractHousehold.contract_id, ProfitContractHousehold.household_key)
    )
    found: dict[UUID, list[Beneficiary]] = defaultdict(list)
    for row in rows:
        found[row.contract_id].append(Beneficiary(row.household_key, row.weight))
    return {each: found.get(each) or [Beneficiary(COLLECTIVE, 1)] for each in ids}


async def list_running(db: AsyncSession, supplier_id: UUID, *, on: date) -> list[Contract]:
    """The supplier's contracts that were in force on that day, in order of id."""
    rows = await db.scalars(
        select(ProfitContract)
        .where(
            ProfitContract.supplier_id == supplier_id,
            ProfitContract.status.in_(("CONFIRMED", "ENDED")),
            ProfitContract.from_on <= on,
            or_(ProfitContract.until_on.is_(None), ProfitContract.until_on > on),
        )
        .order_by(ProfitContract.contract_id)
    )
    return await _as_contracts(db, rows.all())


async def list_contracts_by_id(db: AsyncSession, contract_ids: Iterable[UUID]) -> list[Contract]:
    """These contracts, in order of id."""
    ids = list(contract_ids)
    rows = await db.scalars(
        select(ProfitContract).where(ProfitContract.contract_id.in_(ids)).order_by(ProfitContract.contract_id)
    )
    return await _as_contracts(db, rows.all())


async def _as_contracts(db: AsyncSession, rows: Sequence[ProfitContract]) -> list[Contract]:
    beneficiaries = await list_beneficiaries(db, (each.contract_id for each in rows))
    return [
        Contract(
            contract_id=each.contract_id,
            supplier_id=each.supplier_id,
            county_code=each.county_code,
            township=each.township,
            village=each.village,
            product_id=each.product_id,
            terms=Terms(each.basis, each.share_bp, each.deduction_bp),
            beneficiaries=tuple(beneficiaries[each.contract_id]),
        )
        for each in rows
    ]


async def list_overlapping_shares(db: AsyncSession, contract: ProfitContract) -> Sequence[int]:
    """The shares (basis points) of the supplier's other confirmed contracts that may take of the same goods' money."""
    other = ProfitContract
    query = select(other.share_bp).where(
        other.supplier_id == contract.supplier_id,
        other.contract_id != contract.contract_id,
        other.status == "CONFIRMED",
        or_(other.until_on.is_(None), other.until_on > contract.from_on),
    )
    if contract.until_on is not None:
        query = query.where(other.from_on < contract.until_on)
    if contract.product_id is not None:
        query = query.where(or_(other.product_id.is_(None), other.product_id == contract.product_id))
    return (await db.scalars(query)).all()
