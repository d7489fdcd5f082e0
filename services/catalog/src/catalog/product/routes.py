"""Products, shelves and temperature classes over HTTP. The list of products is `catalog.search`'s."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import ensure_may_edit, ensure_operator, may_edit
from catalog.cursors import cursor_instant_and_id, cursor_name_and_id
from catalog.facts import ProductFacts, draft_detail
from catalog.price.rules import price_at
from catalog.product import actions, data, queries
from catalog.product.models import Product
from catalog.product.schemas import (
    CategoryPage,
    CategorySchema,
    OwnProduct,
    OwnProductPage,
    ProductDetail,
    ProductIn,
    ProductPatch,
    ReasonIn,
    Status,
    TaxBasisPage,
    TaxBasisSchema,
    TemperatureClassPage,
    TemperatureClassSchema,
    UnitPage,
    UnitSchema,
)
from catalog.proposal import actions as proposal_actions
from catalog.review import actions as review_actions
from catalog.review import queries as review_queries
from catalog.search import queries as search_queries
from catalog.sku import queries as sku_queries
from shared.auth import CallerDep, OptionalCaller
from shared.clock import utc_now
from shared.db import Database, Db, Read
from shared.direct import fetching
from shared.errors import Invalid
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1", tags=["products"])

SearchText = Annotated[str, Query(max_length=64, description="Part of the title.")]
_BATCH = 200
_HEAD = (
    "商品名称", "英文名称", "状态", "类目", "产地", "规格", "净含量（克）", "单位", "条码或自编码", "价格（元）",
    "在架", "开票名称", "税率", "保质期（天）",
)  # fmt: skip
_STATUS_ZH = {"DRAFT": "草稿", "IN_REVIEW": "审核中", "LISTED": "在售", "DELISTED": "已下架"}


@router.get("/categories")
async def list_categories() -> CategoryPage:
    """The shelves of the shop, in their order."""
    return CategoryPage(items=[CategorySchema.of(each) for each in data.categories().values()])


@router.get("/temperature-classes")
async def list_temperature_classes() -> TemperatureClassPage:
    """How cold products are kept: target ranges in degrees Celsius, with what they rest on."""
    return TemperatureClassPage(items=[TemperatureClassSchema.of(each) for each in data.temperature_classes().values()])


@router.get("/products/{product_id}", response_model=ProductDetail)
async def get_product(request: Request, caller: OptionalCaller, product_id: UUID) -> Response:
    """The product's page with all packs for sale; its supplier and operators see drafts and unlisted packs too.

    404 `product-unknown` for everybody else while nothing of it is for sale. The ETag is for editing the product.
    """
    now = utc_now()
    if caller is not None and (caller.is_operator or caller.kind == "supplier"):
        async with request.app.state.database.read() as db:
            facts = await search_queries.list_facts(db, [product_id], now=now)
        if facts and may_edit(caller, facts[0].supplier_id):
            detail = ProductDetail.model_validate(draft_detail(facts[0], now))
            return _json(detail.model_dump_json(), facts[0].revision)
    found = await search_queries.find_detail(fetching(request.app.state.database), product_id, now=now)
    if found is None:
        raise queries.unknown_product()
    return _json(*found)


@router.get("/units")
async def list_units() -> UnitPage:
    """What packs are counted in."""
    return UnitPage(items=[UnitSchema.of(each) for each in data.units().values()])


@router.get("/tax-bases")
async def list_tax_bases() -> TaxBasisPage:
    """Tax rates and exemptions, what each rests on, and for which shelves and suppliers it is."""
    return TaxBasisPage(items=[TaxBasisSchema.of(each) for each in data.tax_bases().values()])


@router.get("/own-products")
async def list_own_products(
    db: Read,
    caller: CallerDep,
    *,
    supplier_id: Annotated[UUID | None, Query(description="For operators: whose products.")] = None,
    status: Annotated[Status | None, Query(description="Left out: all.")] = None,
    q: SearchText = "",
    sort: Annotated[
        queries.OwnSort, Query(description="oldest, -changed (the latest change first) or title.")
    ] = "oldest",
    cursor: CursorText = None,
    limit: Limit = 20,
) -> OwnProductPage:
    """All products of the caller's supplier, drafts too, the oldest first unless it says otherwise."""
    owner = _owner(caller.organisation_id if not caller.is_operator else None, supplier_id)
    ensure_may_edit(caller, owner)
    after = _place(cursor, sort)
    found = await queries.list_products_of(db, owner, after=after, limit=limit + 1, status=status, q=q, sort=sort)
    last = found[limit - 1] if len(found) > limit else None
    return OwnProductPage(
        items=await _own(db, found[:limit]),
        next_cursor=encode_cursor(queries.sort_key(last, sort), last.product_id) if last else None,
        counts=await queries.count_products_of(db, owner),
    )


@router.get("/own-products/export", response_class=Response)
async def export_own_products(
    request: Request,
    caller: CallerDep,
    *,
    kind_of_file: SheetFormat = "csv",
    supplier_id: UUID | None = None,
    status: Status | None = None,
    q: SearchText = "",
) -> Response:
    """The same as a table, one line a pack, in Chinese."""
    owner = _owner(caller.organisation_id if not caller.is_operator else None, supplier_id)
    ensure_may_edit(caller, owner)
    batches = _rows(request.app.state.database, owner, status=status, q=q)
    return await sheet_response(kind_of_file, name="商品清单", head=_HEAD, batches=batches)


@router.post("/products", status_code=201, response_model=ProductDetail)
async def create_product(db: Db, caller: CallerDep, once: Once, body: ProductIn) -> Response:
    """A new product: a draft, which is sold once a reviewer has let it through.

    422 `category-unknown`, `temperature-class-unknown`, `county-unknown`, `certificate-number-invalid`, and what
    `edit_product` refuses.
    """
    supplier_id = _owner(caller.organisation_id if not caller.is_operator else None, body.supplier_id)
    ensure_may_edit(caller, supplier_id)
    now = utc_now()
    given = body.model_dump(exclude={"supplier_id", "certificates", "picture", "pictures"}, exclude_defaults=True)
    product = await actions.create_product(
        db,
        **given,
        pictures=body.pictures or ([body.picture] if body.picture else []),
        product_id=new_id(),
        supplier_id=supplier_id,
        certificates=[each.as_proof() for each in body.certificates],
        are_certificates_verified=caller.is_operator,
        caller=caller,
        now=now,
    )
    facts = await search_queries.list_facts(db, [product.product_id], now=now)
    response = await once.answer(db, ProductDetail.model_validate(draft_detail(facts[0], now)), status=201)
    response.headers["ETag"] = etag_of(product.revision)
    return response


@router.patch("/products/{product_id}", response_model=ProductDetail)
async def edit_product(db: Db, caller: CallerDep, expected: IfMatch, product_id: UUID, body: ProductPatch) -> Response:
    """Change what is given. Of a listed product, what buyers would notice becomes its pending change and waits for a
    reviewer while the answer, like the shelf, still shows the old version: see GET …/workbench.

    409 `product-in-review`, and `product-listed` for another category while listed; 422 `category-unknown`,
    `temperature-class-unknown`, `county-unknown`, `region-unknown`, `season-repeated`, `picture-repeated`,
    `pictures-too-many`, `picture-unknown`, `tax-basis-unknown`, `tax-basis-not-applicable`, `document-unknown`.
    """
    product = await queries.get_product(db, product_id)
    ensure_may_edit(caller, product.supplier_id)
    changed = await proposal_actions.edit_product(
        db,
        product_id=product_id,
        expected_revision=expected,
        changes=body.model_dump(exclude={"certificates"}, exclude_unset=True, exclude_none=True),
        certificates=None if body.certificates is None else [each.as_proof() for each in body.certificates],
        caller=caller,
        now=utc_now(),
    )
    return await _answer(db, changed)


@router.post("/products/{product_id}/copy", status_code=201, response_model=ProductDetail)
async def copy_product(db: Db, caller: CallerDep, once: Once, product_id: UUID) -> Response:
    """A draft with the same facts, packs and present base prices, to be changed and submitted. Certificates, presales
    and bar codes stay with the original."""
    product = await queries.get_product(db, product_id)
    ensure_may_edit(caller, product.supplier_id)
    now = utc_now()
    copied = await proposal_actions.copy_product(db, product_id=product_id, caller=caller, now=now)
    facts = await search_queries.list_facts(db, [copied.product_id], now=now)
    response = await once.answer(db, ProductDetail.model_validate(draft_detail(facts[0], now)), status=201)
    response.headers["ETag"] = etag_of(copied.revision)
    return response


@router.post("/products/{product_id}/delist", response_model=ProductDetail)
async def delist_product(db: Db, caller: CallerDep, expected: IfMatch, product_id: UUID, body: ReasonIn) -> Response:
    """Take the product and its packs off the shelf. 409 `product-status`; 412 `stale`."""
    product = await queries.get_product(db, product_id)
    ensure_may_edit(caller, product.supplier_id)
    changed = await actions.delist_product(
        db, product_id=product_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return await _answer(db, changed)


@router.post("/products/{product_id}/relist", response_model=ProductDetail)
async def relist_product(db: Db, caller: CallerDep, expected: IfMatch, product_id: UUID, body: ReasonIn) -> Response:
    """Put a delisted product that nobody changed back, with the packs that it took along.

    409 `product-status`, `product-changed`, `supplier-not-active`; 412 `stale`.
    """
    product = await queries.get_product(db, product_id)
    ensure_may_edit(caller, product.supplier_id)
    changed = await actions.relist_product(
        db, product_id=product_id, expected_revision=expected, reason=body.reason, caller=caller, now=utc_now()
    )
    return await _answer(db, changed)


@router.post("/products/{product_id}/approve", response_model=ProductDetail)
async def approve_product(db: Db, caller: CallerDep, expected: IfMatch, product_id: UUID) -> Response:
    """Let a draft through without the queue: for what operators enter themselves.

    403 `operator-only`, `own-product`; 409 `product-status`, `supplier-not-active`; 412 `stale`.
    """
    ensure_operator(caller)
    changed = await review_actions.approve_draft(
        db, product_id=product_id, expected_revision=expected, caller=caller, now=utc_now()
    )
    return await _answer(db, changed)


async def _answer(db: AsyncSession, product: Product) -> Response:
    now = utc_now()
    facts = await search_queries.list_facts(db, [product.product_id], now=now)
    detail = ProductDetail.model_validate(draft_detail(facts[0], now))
    return _json(detail.model_dump_json(), product.revision)


async def _own(db: AsyncSession, products: Sequence[Product]) -> list[OwnProduct]:
    ids = [product.product_id for product in products]
    waiting = await review_queries.list_pending_products(db, ids)
    packs = await sku_queries.count_skus(db, ids)
    return [
        OwnProduct(
            product_id=product.product_id,
            title=product.title,
            title_en=product.title_en,
            category=product.category,
            picture=product.picture,
            origin_county_code=product.origin_county_code,
            status=product.status,
            has_pending_review=product.product_id in waiting,
            sku_count=packs.get(product.product_id, 0),
            changed_at=product.changed_at,
            revision=product.revision,
        )
        for product in products
    ]


def _owner(own_id: UUID | None, named_id: UUID | None) -> UUID:
    """Whose product it is: the caller's own organisation, or the one that is named."""
    owner = named_id or own_id
    if owner is None:
        raise Invalid("Say for which supplier: supplier_id.", code="supplier-missing", field="supplier_id")
    return owner


def _place(cursor: str | None, sort: queries.OwnSort) -> tuple[str, UUID] | None:
    if sort == "-changed":
        cursor_instant_and_id(cursor)  # refuses what is none
    return cursor_name_and_id(cursor)


async def _rows(
    database: Database, owner: UUID, *, status: str | None, q: str
) -> AsyncIterator[Sequence[Sequence[Any]]]:
    after: tuple[str, UUID] | None = None
    while True:
        now = utc_now()
        async with database.read() as db:
            found = await queries.list_products_of(db, owner, after=after, limit=_BATCH, status=status, q=q)
            facts = await search_queries.list_facts(db, [each.product_id for each in found], now=now)
        if not found:
            return
        yield [row for each in facts for row in _lines(each, now)]
        after = ("", found[-1].product_id)


def _lines(facts: ProductFacts, now: datetime) -> list[Sequence[Any]]:
    """A line a pack, or one without a pack."""
    shelf = data.categories()[facts.category].zh
    own = (facts.title, facts.title_en, _STATUS_ZH[facts.status], shelf, f"{facts.province}{facts.city}{facts.county}")
    tax = data.tax_bases().get(facts.tax_basis)
    tail = (facts.invoice_name, tax.zh if tax else "", facts.shelf_life_days)
    lines: list[Sequence[Any]] = []
    for sku in facts.skus:
        price = price_at(sku.prices, now)
        unit = data.units().get(sku.unit)
        lines.append(
            (
                *own,
                sku.specification,
                sku.net_weight_g,
                unit.zh if unit else sku.unit,
                sku.gtin or sku.supplier_code,
                price.price_fen / 100 if price else None,
                sku.is_listed,
                *tail,
            )
        )
    return lines or [(*own, None, None, None, None, None, False, *tail)]


def _json(body: str, revision: int) -> Response:
    return Response(body, media_type="application/json", headers={"ETag": etag_of(revision)})
