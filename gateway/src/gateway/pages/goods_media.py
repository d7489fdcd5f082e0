"""The pictures and documents of a product: sent, put in order, taken away."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from gateway.pages.goods import PATH, REFUSALS, ensure_may_work, product_page, tag_of
from gateway.pages.shell import PageDep
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Refusal, TooLarge, Unsupported

router = APIRouter(default_response_class=Response)

_ALL = (*REFUSALS, TooLarge, Unsupported)


def moved(items: list[str], chosen: str, verb: str) -> list[str]:
    """The list after one of it was made the first, moved up or down, or removed; as it was if it is not in it."""
    if chosen not in items:
        return items
    place, rest = items.index(chosen), [each for each in items if each != chosen]
    if verb == "remove":
        return rest
    target = {"first": 0, "up": max(0, place - 1), "down": min(len(rest), place + 1)}.get(verb, place)
    return [*rest[:target], chosen, *rest[target:]]


@router.post(f"{PATH}/{{product_id}}/pictures")
async def post_pictures(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, product_id: UUID
) -> Response:
    """Send a photo, or put the pictures in another order; of a listed product a new picture waits for a reviewer."""
    ensure_may_work(visitor)
    path = f"/v1/products/{product_id}"
    verb = str(form.get("verb", "send"))
    try:
        if verb == "send":
            content = await _bytes_of(form, "photo")
            await services.catalog.answer(
                "PUT", f"{path}/photo", visitor=visitor, data=content, params={"is_cover": False}, headers=tag_of(form)
            )
        else:
            shown = [str(each) for each in form.getlist("picture")]
            body = {"pictures": moved(shown, str(form.get("chosen", "")), verb)}
            await services.catalog.answer("PATCH", path, visitor=visitor, json=body, headers=tag_of(form))
    except _ALL as refusal:
        return await product_page(page, services, visitor, product_id, refusal=_about("photo", refusal))
    return page.go(f"{PATH}/{product_id}", done="pictures")


@router.post(f"{PATH}/{{product_id}}/documents")
async def post_documents(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, product_id: UUID
) -> Response:
    """Send a document that belongs to the product, or take one away."""
    ensure_may_work(visitor)
    path = f"/v1/products/{product_id}"
    named = [str(each) for each in form.getlist("document")]
    verb = str(form.get("verb", "send"))
    try:
        if verb == "send":
            named.append(await _send_document(services, visitor, form, path))
        else:
            named = moved(named, str(form.get("chosen", "")), verb)
        body = {"document_ids": named}
        await services.catalog.answer("PATCH", path, visitor=visitor, json=body, headers=tag_of(form))
    except _ALL as refusal:
        return await product_page(page, services, visitor, product_id, refusal=_about("file", refusal))
    return page.go(f"{PATH}/{product_id}", done="documents")


async def _send_document(services: Services, visitor: Visitor, form: FormData, path: str) -> str:
    bench = await services.catalog.get(f"{path}/workbench", visitor=visitor)
    file = form.get("file")
    name = file.filename if isinstance(file, UploadFile) and file.filename else "document"
    sent = await services.catalog.answer(
        "POST",
        "/v1/documents",
        visitor=visitor,
        data=await _bytes_of(form, "file"),
        params={"name": name[:120], "county_code": bench["product"]["supplier"]["county_code"]},
    )
    made: dict[str, Any] = sent.json
    return str(made["document_id"])


async def _bytes_of(form: FormData, name: str) -> bytes:
    file = form.get(name)
    return await file.read() if isinstance(file, UploadFile) else b""


def _about(field: str, refusal: Refusal) -> Refusal:
    """The refusal, shown beside the upload that it is about."""
    if isinstance(refusal, TooLarge | Unsupported):
        refusal.field = field
    return refusal
