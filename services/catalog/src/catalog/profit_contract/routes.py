"""Contracts over HTTP: suppliers and townships enter, the county's assistance office confirms."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_oversees, may_edit, may_see, oversees
from catalog.cursors import cursor_id
from catalog.fields import DivisionCode, Line
from catalog.household.scope import scope_of, secret_of
from catalog.linkage import actions as linkage_actions
from catalog.linkage.rules import Village, household_key
from catalog.linkage.schemas import ReasonIn
from catalog.profit_contract import actions, queries, rules
from catalog.profit_contract.models import ProfitContract
from catalog.profit_contract.schemas import (
    BeneficiarySchema,
    ContractDetail,
    ContractIn,
    ContractPage,
    ContractSchema,
    Status,
    contract_schema,
)
from catalog.profit_share import queries as share_queries
from catalog.supplier import queries as supplier_queries
from catalog.trail import queries as trail_queries
from catalog.trail.schemas import TrailItem
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Forbidden, Invalid
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/profit-contracts", tags=["profit sharing"])

_HEAD = (
    "供应商", "县码", "乡镇", "村", "计提基数", "比例（%）", "起", "止", "户数（0 为村集体）", "状态", "已计提（元）",
    "已发放（元）", "订单数",
)  # fmt: skip
_BASES = {"line_payable": "成交金额", "net_proceeds": "净收益"}
_EXPORT_BATCH = 500


@router.post("", status_code=201, response_model=ContractDetail)
async def create_contract(request: Request, db: Db, caller: CallerDep, once: Once, body: ContractIn) -> Response:
    """Enter a contract as a draft: a supplier its own, a township of the county or an operator for a supplier.

    403 `not-your-supplier`; 422 `share-below-floor`, `deduction-not-allowed`, `period-empty`, `household-twice`,
    `household-number-empty`, `product-unknown`, `document-unknown`, `supplier-missing`; 404 `supplier-unknown`.
    """
    supplier_id = body.supplier_id or (caller.organisation_id if caller.kind == "supplier" else None)
    if supplier_id is None:
        raise Invalid("Say which supplier it is.", code="supplier-missing", field="supplier_id")
    _ensure_may_enter(caller, supplier_id, body.county_code)
    entry = await _entry(request, db, body)
    contract = await actions.create_contract(
        db, contract_id=new_id(), supplier_id=supplier_id, entry=entry, caller=caller, now=utc_now()
    )
    response = await once.answer(db, await _detail(db, contract), status=201)
    response.headers["ETag"] = etag_of(contract.revision)
    return response


@router.get("")
async def list_contracts(
    db: Read,
    caller: CallerDep,
    *,
    q: Annotated[Line | None, Query(description="Part of a township's or village's name.")] = None,
    supplier_id: UUID | None = None,
    county: Annotated[DivisionCode | None, Query()] = None,
    status: Status | None = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> ContractPage:
    """Contracts in order of entry, with what they gave: a supplier's own, an official's region's, all for operators."""
    scope = scope_of(caller, supplier_id, county)
    found = await queries.list_contracts(db, **scope, status=status, q=q, after=cursor_id(cursor), limit=limit + 1)
    return ContractPage(
        items=await _schemas(db, found[:limit]),
        next_cursor=encode_cursor(found[limit - 1].contract_id) if len(found) > limit else None,
    )


@router.get("/export", response_class=Response)
async def export_contracts(
    request: Request,
    caller: CallerDep,
    *,
    form: SheetFormat = "csv",
    q: Annotated[Line | None, Query()] = None,
    supplier_id: UUID | None = None,
    county: Annotated[DivisionCode | None, Query()] = None,
    status: Status | None = None,
) -> Response:
    """The list as a file, with the same filters."""
    scope = scope_of(caller, supplier_id, county)

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        after: UUID | None = None
        while True:
            async with request.app.state.database.read() as db:
                found = await queries.list_contracts(db, **scope, status=status, q=q, after=after, limit=_EXPORT_BATCH)
                rows = await _schemas(db, found)
            yield [_sheet_row(each) for each in rows]
            if len(found) < _EXPORT_BATCH:
                return
            after = found[-1].contract_id

    return await sheet_response(form, name="利润分成合同", head=_HEAD, batches=batches())


@router.get("/{contract_id}")
async def get_contract(db: Read, caller: CallerDep, contract_id: UUID, response: Response) -> ContractDetail:
    """The contract to its supplier, to officials of the village's county and to operators; 404 for others."""
    contract = await queries.get_contract(db, contract_id)
    if not may_see(caller, supplier_id=contract.supplier_id, county_code=contract.county_code):
        raise queries.unknown_contract()
    response.headers["ETag"] = etag_of(contract.revision)
    return await _detail(db, contract)


@router.put("/{contract_id}")
async def edit_contract(
    request: Request,
    db: Db,
    caller: CallerDep,
    expected: IfMatch,
    contract_id: UUID,
    body: ContractIn,
    response: Response,
) -> ContractDetail:
    """Replace a draft or returned contract. 409 `profit-contract-status`; 422 as creating, `household-numbers-needed`;
    428, 412."""
    contract = await queries.get_contract(db, contract_id)
    _ensure_may_enter(caller, contract.supplier_id, contract.county_code)
    if not may_edit(caller, contract.supplier_id):
        ensure_oversees(caller, body.county_code, "township", "assistance")
    edited = await actions.edit_contract(
        db,
        contract_id=contract_id,
        expected_revision=expected,
        entry=await _entry(request, db, body, kept=contract),
        caller=caller,
        now=utc_now(),
    )
    return await _tagged(db, edited, response)


@router.post("/{contract_id}/submit")
async def submit_contract(db: Db, caller: CallerDep, contract_id: UUID, response: Response) -> ContractDetail:
    """Hand it to the county's assistance office. 409 `profit-contract-status`."""
    contract = await queries.get_contract(db, contract_id)
    _ensure_may_enter(caller, contract.supplier_id, contract.county_code)
    moved = await actions.move_contract(db, contract_id=contract_id, verb="submit", caller=caller, now=utc_now())
    return await _tagged(db, moved, response)


@router.post("/{contract_id}/confirm")
async def confirm_contract(
    db: Db, caller: CallerDep, expected: IfMatch, contract_id: UUID, response: Response
) -> ContractDetail:
    """Put it in force (assistance office): what is settled from now on is shared.

    403 `officials-only`, `not-your-region`, `role-missing`; 409 `profit-contract-status`, `shares-exceed-whole`; 428,
    412.
    """
    ensure_oversees(caller, (await queries.get_contract(db, contract_id)).county_code, "assistance")
    moved = await actions.move_contract(
        db, contract_id=contract_id, verb="confirm", caller=caller, now=utc_now(), expected_revision=expected
    )
    return await _tagged(db, moved, response)


@router.post("/{contract_id}/return")
async def return_contract(
    db: Db, caller: CallerDep, expected: IfMatch, contract_id: UUID, body: ReasonIn, response: Response
) -> ContractDetail:
    """Send it back with the reason (assistance office). As confirming."""
    ensure_oversees(caller, (await queries.get_contract(db, contract_id)).county_code, "assistance")
    moved = await actions.move_contract(
        db,
        contract_id=contract_id,
        verb="return",
        caller=caller,
        now=utc_now(),
        expected_revision=expected,
        reason=body.reason,
    )
    return await _tagged(db, moved, response)


@router.post("/{contract_id}/end")
async def end_contract(
    db: Db, caller: CallerDep, contract_id: UUID, body: ReasonIn, response: Response
) -> ContractDetail:
    """It ends today (its supplier, or the assistance office). 409 `profit-contract-status`."""
    contract = await queries.get_contract(db, contract_id)
    if not may_edit(caller, contract.supplier_id):
        ensure_oversees(caller, contract.county_code, "assistance")
    moved = await actions.move_contract(
        db, contract_id=contract_id, verb="end", caller=caller, now=utc_now(), reason=body.reason
    )
    return await _tagged(db, moved, response)


async def _tagged(db: AsyncSession, contract: ProfitContract, response: Response) -> ContractDetail:
    response.headers["ETag"] = etag_of(contract.revision)
    return await _detail(db, contract)


def _ensure_may_enter(caller: Caller, supplier_id: UUID, county_code: str) -> None:
    if not may_edit(caller, supplier_id) and not oversees(caller, county_code, "township", "assistance"):
        raise Forbidden("Only the supplier itself and the village's township may do this.", code="not-your-supplier")


async def _entry(
    request: Request, db: AsyncSession, body: ContractIn, *, kept: ProfitContract | None = None
) -> actions.ContractEntry:
    """The entry with keys instead of numbers."""
    place = await linkage_actions.place_of(
        db, county_code=body.county_code, township=body.township, village=body.village
    )
    households: tuple[rules.Beneficiary, ...] = ()
    if body.households is not None:
        secret = secret_of(request)
        households = tuple(
            rules.Beneficiary(household_key(secret, place, each.number), each.weight) for each in body.households
        )
    elif kept is not None:
        found = (await queries.list_beneficiaries(db, [kept.contract_id]))[kept.contract_id]
        households = tuple(each for each in found if each.household_key != rules.COLLECTIVE)
        if households and place != Village(kept.county_code, kept.township, kept.village):
            raise Invalid(
                "In another village these are other households: send their numbers again.",
                code="household-numbers-needed",
                field="households",
            )
    return actions.ContractEntry(households=households, **body.model_dump(exclude={"supplier_id", "households"}))


async def _schemas(db: AsyncSession, found: Sequence[ProfitContract]) -> list[ContractSchema]:
    ids = [each.contract_id for each in found]
    suppliers = await supplier_queries.list_suppliers_by_id(db, {each.supplier_id for each in found})
    beneficiaries = await queries.list_beneficiaries(db, ids)
    sums = await share_queries.list_sums(db, ids)
    return [
        contract_schema(
            each,
            suppliers[each.supplier_id].name,
            beneficiaries[each.contract_id],
            **vars(sums.get(each.contract_id, share_queries.ContractSums())),
        )
        for each in found
    ]


async def _detail(db: AsyncSession, contract: ProfitContract) -> ContractDetail:
    [schema] = await _schemas(db, [contract])
    [beneficiaries] = (await queries.list_beneficiaries(db, [contract.contract_id])).values()
    trail = await trail_queries.list_trail(db, subject_kind=actions.SUBJECT, subject_id=contract.contract_id)
    return ContractDetail(
        **schema.model_dump(),
        beneficiaries=[
            BeneficiarySchema(household_key=each.household_key, weight=each.weight) for each in beneficiaries
        ],
        trail=[TrailItem.model_validate(each) for each in trail],
    )


def _sheet_row(each: ContractSchema) -> list[Any]:
    return [
        each.supplier_name, each.county_code, each.township, each.village, _BASES[each.basis], each.share_bp / 100,
        each.from_on, each.until_on, each.household_count, each.status, each.share_fen / 100, each.paid_fen / 100,
        each.order_count,
    ]  # fmt: skip
