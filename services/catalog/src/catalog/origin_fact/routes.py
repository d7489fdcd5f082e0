"""Facts over HTTP: officials of the county record them."""

from collections.abc import Collection
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_oversees
from catalog.cursors import cursor_id
from catalog.fields import DivisionCode, Line
from catalog.household.scope import scope_of
from catalog.newest import sheet_batches
from catalog.origin_fact import actions, queries, rules
from catalog.origin_fact.schemas import OriginFactIn, OriginFactPage, OriginFactSchema
from shared.auth import Caller, CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Invalid
from shared.idempotency import Once
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/origin-facts", tags=["eligibility"])

_HEADS = ("事实", "对象", "对象编号", "区划代码", "内容", "起始日期", "截止日期", "依据")


@router.post("", status_code=201, response_model=OriginFactSchema)
async def record_fact(db: Db, caller: CallerDep, once: Once, body: OriginFactIn) -> Response:
    """Record a fact from a day on (township, agriculture or assistance office of the county, or an operator). What
    depends on it is decided anew within a minute; answers of past days stay.

    403 `officials-only`, `not-your-region`, `role-missing`; 404 `product-unknown`, `supplier-unknown`;
    409 `fact-later`; 422 `fact-unknown`, `fact-value-invalid`, `subject-missing`, `county-unknown`.
    """
    subject, _ = rules.ensure_fact(body.name, body.value if body.name != "village" else "a village")
    key, county, value = await _subject(db, body, subject)
    ensure_oversees(caller, county, "township", "agriculture", "assistance")
    fact = await actions.record_fact(
        db,
        subject_key=key,
        county_code=county,
        name=body.name,
        value=value,
        from_on=body.from_on,
        source=body.source,
        caller=caller,
        now=utc_now(),
    )
    return await once.answer(db, OriginFactSchema.model_validate(fact), status=201)


@router.get("")
async def list_facts(
    db: Read,
    caller: CallerDep,
    *,
    q: Annotated[Line | None, Query()] = None,
    county: Annotated[DivisionCode | None, Query()] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> OriginFactPage:
    """Recorded facts, the newest first: of an official's regions, all for operators."""
    prefixes = _prefixes(caller, county)
    found = await queries.list_facts(db, prefixes=prefixes, q=q, after=cursor_id(cursor), limit=limit + 1)
    return OriginFactPage(
        items=[OriginFactSchema.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(found[limit - 1].fact_id) if len(found) > limit else None,
    )


@router.get("/export", response_class=Response)
async def export_facts(
    request: Request,
    caller: CallerDep,
    *,
    q: Annotated[Line | None, Query()] = None,
    county: Annotated[DivisionCode | None, Query()] = None,
    sheet: SheetFormat = "xlsx",
) -> Response:
    """The same list as a table."""
    prefixes = _prefixes(caller, county)
    batches = sheet_batches(
        request.app.state.database,
        lambda db, after, limit: queries.list_facts(db, prefixes=prefixes, q=q, after=after, limit=limit),
        key=lambda each: each.fact_id,
        row=lambda each: (
            each.name,
            each.subject_kind,
            each.subject_key,
            each.county_code,
            each.value if isinstance(each.value, str | int) else str(each.value),
            each.from_on,
            each.until_on,
            each.source,
        ),
    )
    return await sheet_response(sheet, name="产地事实", head=_HEADS, batches=batches)


def _prefixes(caller: Caller, county: str | None) -> Collection[str] | None:
    """Which divisions the caller may read of; None for all."""
    scope = scope_of(caller, None, county)
    if scope["supplier_id"] is not None:
        ensure_oversees(caller, county or "")
    return scope["prefixes"]


async def _subject(db: AsyncSession, body: OriginFactIn, subject: str) -> tuple[str, str, Any]:
    """The subject's key, the county whose officials answer for it, and the value."""
    if subject == "village":
        key, county = await _village(db, body)
        return key, county, body.value
    subject_id: UUID | None = body.product_id if subject == "product" else body.supplier_id
    if subject_id is None:
        raise Invalid(f"Name the {subject}.", code="subject-missing", field=f"{subject}_id")
    county = await actions.county_of(db, subject_kind=subject, subject_id=subject_id)
    value = body.value if body.name != "village" else (await _village(db, body))[0]
    return str(subject_id), county, value


async def _village(db: AsyncSession, body: OriginFactIn) -> tuple[str, str]:
    if body.county_code is None or not body.township or not body.village:
        raise Invalid("Name the county, the township and the village.", code="subject-missing", field="village")
    return await actions.village_key(db, county_code=body.county_code, township=body.township, village=body.village)
