"""Photos over HTTP: the bytes are the body."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from orders.photo import actions, queries, rules, schemas
from shared.auth import CallerDep, OptionalCaller
from shared.bodies import read_body
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import TooLarge
from shared.files import Files
from shared.ids import new_id

router = APIRouter(prefix="/v1/order-photos", tags=["after-sales"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(rules.MEDIA_TYPES)},
    }
}


@router.post("", status_code=201, openapi_extra=_BODY)
async def upload_photo(request: Request, db: Db, caller: CallerDep) -> schemas.PhotoStored:
    """Keep a photo (JPEG, PNG or WebP, at most 8 MB), to be named by a claim, a return or a review. An upload that
    nothing names does no harm, so it needs no Idempotency-Key. What a phone wrote into it of the place is left out.

    413 `file-too-large`; 415 `file-type-not-accepted`: the bytes decide.
    """
    too_large = TooLarge("A photo may have at most 8 MB.", code="file-too-large", max_bytes=rules.MAX_BYTES)
    photo = await actions.store_photo(
        db,
        _files(request),
        photo_id=new_id(),
        content=await read_body(request, max_bytes=rules.MAX_BYTES, refusal=too_large),
        person_id=caller.person_id,
        now=utc_now(),
    )
    return schemas.PhotoStored(photo_id=photo.photo_id, content_type=photo.content_type, size_bytes=photo.size_bytes)


@router.get("/{photo_id}", response_class=Response)
async def get_photo(request: Request, db: Read, caller: OptionalCaller, photo_id: UUID) -> Response:
    """The photo: everybody's if a review shows it, else its buyer's, its supplier's and operators'.

    404 `photo-unknown`, also for those who may not know of it.
    """
    photo = await queries.get_photo(db, photo_id, caller)
    stored = await _files(request).get(f"photos/{photo.key}")
    headers = {
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(stored.content, media_type=photo.content_type, headers=headers)


def _files(request: Request) -> Files:
    files: Files = request.app.state.files
    return files
