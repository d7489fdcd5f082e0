"""Answers over HTTP: for a product on a day, and lists for buyers and offices."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog.authority import may_edit, region_prefix
from catalog.cursors import cursor_texts, invalid_cursor
from catalog.eligibility import queries
from catalog.eligibility.schemas import (
    DecisionList,
    DecisionSchema,
    History,
    PastDecision,
    ProductDecision,
    ProductDecisionPage,
    without_small_counts,
)
from catalog.eligibility_rule import queries as rule_queries
from catalog.fields import DivisionCode, Line
from catalog.household.scope import scope_of
from catalog.linkage import data as linkage_data
from catalog.product import queries as product_queries
from catalog.search import queries as search_queries
from shared.auth import Caller, CallerDep, OptionalCaller
from shared.clock import business_day, utc_now
from shared.db import Read
from shared.direct import fetching
from shared.errors import Forbidden
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["eligibility"])

_HEAD = ("商品", "原产地县码", "规则", "是否计入", "命中情形", "起", "止", "判定时间")
_EXPORT_BATCH = 500
RuleSetCode = Annotated[Line | None, Query(description="A rule set's code, such as changde.")]


@router.get("/products/{product_id}/eligibility")
async def get_eligibility(
    request: Request,
    db: Read,
    caller: OptionalCaller,
    product_id: UUID,
    *,
    on: Annotated[date | None, Query(description="The day; today if it is left out.")] = None,
    rule_set: RuleSetCode = None,
) -> DecisionList:
    """Under which rules the product counts on a day, and why. What was answered for a past day stays the answer.

    404 `product-unknown`, for others than its supplier and officials also while nothing of it is for sale.
    """
    product = await product_queries.get_product(db, product_id)
    is_insider = may_edit(caller, product.supplier_id) or (caller is not None and caller.kind == "official")
    if not is_insider:
        shown = await search_queries.find_detail(fetching(request.app.state.database), product_id, now=utc_now())
        if shown is None:
            raise product_queries.unknown_product()
    day = on or business_day(utc_now())
    found = await queries.list_decisions(db, product_id, on=day, rule_set=rule_set)
    items = [DecisionSchema.model_validate(each) for each in found]
    if not is_insider:
        items = [without_small_counts(each, threshold=linkage_data.small_count()) for each in items]
    return DecisionList(product_id=product_id, on=day, items=items)


@router.get("/products/{product_id}/eligibility/{rule_set}/history")
async def get_history(db: Read, caller: CallerDep, product_id: UUID, rule_set: str) -> History:
    """All answers that the product ever had under the rule (its supplier, officials, operators)."""
    product = await product_queries.get_product(db, product_id)
    if not may_edit(caller, product.supplier_id) and caller.kind != "official":
        raise Forbidden("This is for its supplier and for officials.", code="not-your-supplier")
    found = await queries.list_history(db, product_id, rule_set=rule_set)
    return History(items=[PastDecision.model_validate(each) for each in found])


@router.get("/eligible-products")
async def list_eligible_products(
    db: Read,
    *,
    eligible_for: Annotated[Line, Query(description="A rule set's code, such as changde.")],
    county: Annotated[DivisionCode | None, Query(description="A division of origin, also a province or city.")] = None,
    on: date | None = None,
    q: Annotated[Line | None, Query()] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> ProductDecisionPage:
    """For buyers: the products for sale that count under a rule on a day, with the reason. 404 `rule-set-unknown`."""
    await rule_queries.get_rule_set(db, eligible_for)
    rows = await queries.search_decisions(
        db,
        rule_set=eligible_for,
        is_eligible=True,
        prefixes=None if county is None else [region_prefix(county)],
        on=on or business_day(utc_now()),
        q=q,
        is_listed_only=True,
        after=_after(cursor),
        limit=limit + 1,
    )
    threshold = linkage_data.small_count()
    items = [without_small_counts(_item(row), threshold=threshold) for row in rows[:limit]]
    return ProductDecisionPage.model_validate({"items": items, "next_cursor": _next(rows, limit)})


@router.get("/eligibility-decisions")
async def list_decisions(
    db: Read,
    caller: CallerDep,
    *,
    rule_set: RuleSetCode = None,
    eligible: bool | None = None,
    county: Annotated[DivisionCode | None, Query()] = None,
    on: date | None = None,
    q: Annotated[Line | None, Query(description="Part of a product's title.")] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> ProductDecisionPage:
    """All answers that hold on a day, also negative ones: of an official's regions (by origin), all for operators."""
    rows = await queries.search_decisions(
        db,
        rule_set=rule_set,
        is_eligible=eligible,
        prefixes=_prefixes(caller, county),
        on=on or business_day(utc_now()),
        q=q,
        after=_after(cursor),
        limit=limit + 1,
    )
    return ProductDecisionPage(items=[_item(row) for row in rows[:limit]], next_cursor=_next(rows, limit))


@router.get("/eligibility-decisions/export", response_class=Response)
async def export_decisions(
    request: Request,
    caller: CallerDep,
    *,
    form: SheetFormat = "csv",
    rule_set: RuleSetCode = None,
    eligible: bool | None = None,
    county: Annotated[DivisionCode | None, Query()] = None,
    on: date | None = None,
    q: Annotated[Line | None, Query()] = None,
) -> Response:
    """The list as a file, with the same filters."""
    prefixes = _prefixes(caller, county)
    day = on or business_day(utc_now())

    async def batches() -> AsyncIterator[Sequence[Sequence[Any]]]:
        after: tuple[UUID, str] | None = None
        while True:
            async with request.app.state.database.read() as db:
                rows = await queries.search_decisions(
                    db,
                    rule_set=rule_set,
                    is_eligible=eligible,
                    prefixes=prefixes,
                    on=day,
                    q=q,
                    after=after,
                    limit=_EXPORT_BATCH,
                )
            yield [_sheet_row(row) for row in rows]
            if len(rows) < _EXPORT_BATCH:
                return
            after = (rows[-1].product_id, rows[-1].rule_set)

    return await sheet_response(form, name="产地资格", head=_HEAD, batches=batches())


def _prefixes(caller: Caller, county: str | None) -> list[str] | None:
    """403 `linkages-not-yours` for who is neither official nor operator."""
    if caller.kind not in {"official", "operator"}:
        raise Forbidden("This list is for officials and operators.", code="linkages-not-yours")
    return scope_of(caller, None, county)["prefixes"]


def _item(row: Any) -> ProductDecision:
    return ProductDecision.model_validate(dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's own way to a mapping


def _next(rows: Sequence[Any], limit: int) -> str | None:
    return encode_cursor(rows[limit - 1].product_id, rows[limit - 1].rule_set) if len(rows) > limit else None


def _after(cursor: str | None) -> tuple[UUID, str] | None:
    if cursor is None:
        return None
    product_id, rule_set = cursor_texts(cursor, size=2)
    try:
        return UUID(product_id), rule_set
    except ValueError as error:
        raise invalid_cursor() from error


def _sheet_row(row: Any) -> list[Any]:
    hits = "；".join(case["title_zh"] for case in row.reason if case["is_hit"])
    return [
        row.title, row.origin_county_code, row.rule_set, row.is_eligible, hits, row.valid_from_on, row.valid_until_on,
        row.decided_at,
    ]  # fmt: skip
