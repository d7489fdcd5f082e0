"""Products, shelves and temperature classes over HTTP. The list of products is `catalog.search`'s."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from catalog.authority import ensure_may_edit, may_edit
from catalog.cursors import cursor_texts, invalid_cursor
from catalog.facts import draft_detail
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
    TemperatureClassPage,
    TemperatureClassSchema,
)
from catalog.search import queries as search_queries
from catalog.sku import queries as sku_queries
from shared.auth import CallerDep, OptionalCaller
from shared.clock import utc_now
from shared.db import Db, Read
from shared.direct import fetching
from shared.errors import Invalid
from shared.etag import IfMatch, etag_of
from shared.idempotency import Once
from shared.ids import new_id
from shared.page import CursorText, Limit, encode_cursor

router = APIRouter(prefix="/v1", tags=["products"])


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


@router.get("/own-products")
async def list_own_products(
    db: Read,
    caller: CallerDep,
    *,
    supplier_id: Annotated[UUID | None, Query(description="For operators: whose products.")] = None,
    cursor: CursorText = None,
    limit: Limit = 20,
) -> OwnProductPage:
    """All products of the caller's supplier, drafts too, the oldest first."""
    owner = _owner(caller.organisation_id if not caller.is_operator else None, supplier_id)
    ensure_may_edit(caller, owner)
    found = await queries.list_products_of(db, owner, after=_cursor_id(cursor), limit=limit + 1)
    listed = await sku_queries.list_listed_products(db, [product.product_id for product in found])
    return OwnProductPage(
        items=[
            OwnProduct(
                product_id=product.product_id,
                title=product.title,
                title_en=product.title_en,
                category=product.category,
                picture=product.picture,
                origin_county_code=product.origin_county_code,
                status="listed" if product.product_id in listed else "draft",
                revision=product.revision,
            )
            for product in found[:limit]
        ],
        next_cursor=encode_cursor(found[limit - 1].product_id) if len(found) > limit else None,
    )


@router.post("/products", status_code=201, response_model=ProductDetail)
async def create_product(db: Db, caller: CallerDep, once: Once, body: ProductIn) -> Response:
    """A new product, a draft until one of its SKUs is listed.

    422 `category-unknown`, `temperature-class-unknown`, `county-unknown`, `certificate-number-invalid`.
    """
    supplier_id = _owner(caller.organisation_id if not caller.is_operator else None, body.supplier_id)
    ensure_may_edit(caller, supplier_id)
    now = utc_now()
    product = await actions.create_product(
        db,
        **body.model_dump(exclude={"supplier_id", "certificates"}),
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
    """Change what is given; listed SKUs are announced anew. 409 `product-listed` for another category while listed."""
    product = await queries.get_product(db, product_id)
    ensure_may_edit(caller, product.supplier_id)
    now = utc_now()
    changed: Product = await actions.edit_product(
        db,
        product_id=product_id,
        expected_revision=expected,
        changes=body.model_dump(exclude={"certificates"}, exclude_unset=True, exclude_none=True),
        certificates=None if body.certificates is None else [each.as_proof() for each in body.certificates],
        are_certificates_verified=caller.is_operator,
        caller=caller,
        now=now,
    )
    facts = await search_queries.list_facts(db, [product_id], now=now)
    detail = ProductDetail.model_validate(draft_detail(facts[0], now))
    return _json(detail.model_dump_json(), changed.revision)


def _owner(own_id: UUID | None, named_id: UUID | None) -> UUID:
    """Whose product it is: the caller's own organisation, or the one that is named."""
    owner = named_id or own_id
    if owner is None:
        raise Invalid("Say for which supplier: supplier_id.", code="supplier-missing", field="supplier_id")
    return owner


def _cursor_id(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(cursor_texts(cursor, size=1)[0])
    except ValueError as error:
        raise invalid_cursor() from error


def _json(body: str, revision: int) -> Response:
    return Response(body, media_type="application/json", headers={"ETag": etag_of(revision)})
