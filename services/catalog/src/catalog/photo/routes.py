"""Photos over HTTP: the bytes are the body."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from catalog.authority import ensure_may_edit
from catalog.photo import actions, queries, rules
from catalog.photo.schemas import PhotoSchema
from catalog.product import queries as product_queries
from shared.auth import CallerDep
from shared.bodies import read_body
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import TooLarge
from shared.etag import IfMatch, etag_of
from shared.files import Files

router = APIRouter(prefix="/v1", tags=["photos"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(rules.MEDIA_TYPES)},
    }
}


@router.put("/products/{product_id}/photo", openapi_extra=_BODY)
async def put_photo(
    request: Request,
    db: Db,
    caller: CallerDep,
    expected: IfMatch,
    *,
    product_id: UUID,
    is_cover: Annotated[bool, Query(description="Before the other pictures; otherwise after them.")] = True,
    response: Response,
) -> PhotoSchema:
    """Show this photo (JPEG, PNG or WebP, at most 5 MB) on the product; of a listed product it waits for a reviewer.
    If-Match is the product's ETag.

    409 `product-in-review`; 413 `file-too-large`; 415 `file-type-not-accepted`: the bytes decide, not the Content-Type;
    422 `pictures-too-many`.
    """
    product = await product_queries.get_product(db, product_id)
    ensure_may_edit(caller, product.supplier_id)
    too_large = TooLarge("A photo may have at most 5 MB.", code="file-too-large", max_bytes=rules.MAX_BYTES)
    content = await read_body(request, max_bytes=rules.MAX_BYTES, refusal=too_large)
    path, revision = await actions.store_photo(
        db,
        _files(request),
        product_id=product_id,
        expected_revision=expected,
        content=content,
        is_cover=is_cover,
        caller=caller,
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(revision)
    return PhotoSchema(product_id=product_id, picture=path, revision=revision)


@router.get("/photos/{key}", response_class=Response)
async def get_photo(
    request: Request, db: Read, key: Annotated[str, Path(pattern=r"^[0-9a-f]{64}\.(jpg|png|webp)$")]
) -> Response:
    """The photo, which never changes under its name."""
    photo = await queries.get_photo(db, key)
    stored = await _files(request).get(f"photos/{key}")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(stored.content, media_type=photo.content_type, headers=headers)


def _files(request: Request) -> Files:
    files: Files = request.app.state.files
    return files
