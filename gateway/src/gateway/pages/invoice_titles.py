"""To whom invoices are made out: the visitor's book, and the title of an order."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn
from shared.errors import Conflict, Invalid, NotFound, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

KINDS: Final = ("PERSONAL", "ENTERPRISE", "UNIT")
PATH: Final = "/account/invoices"
_FIELDS: Final = ("kind", "name", "taxpayer_id", "email", "is_default", "title_id", "revision")
_REFUSED: Final = (Conflict, Invalid, Stale)


def title_line(title: Mapping[str, Any], page: Page) -> str:
    """A title in one line: name, kind, and the taxpayer's id if it has one."""
    return " · ".join(
        each for each in (title["name"], str(page.t.names["invoice_kind"][title["kind"]]), title["taxpayer_id"]) if each
    )


def _show_form(
    page: Page, typed: Typed, *, action: str, back: str, order_number: str = "", refusal: Refusal | None = None
) -> Response:
    errors, error = _told(refusal, page)
    names = page.t.names["invoice_kind"]
    return page.render(
        "invoice_title.html",
        status=refusal.status if refusal else 200,
        typed=typed,
        kinds=[Choice(each, names[each]) for each in KINDS],
        action=action,
        back=back,
        order_number=order_number,
        key=str(new_id()),
        errors=Typed(errors),
        error=error,
    )


def _told(refusal: Refusal | None, page: Page) -> tuple[dict[str, str], str]:
    if refusal is None:
        return {}, ""
    listed = [str(each.get("field") or "") for each in refusal.extra.get("errors", []) if isinstance(each, dict)]
    fields = {name.rsplit(".", 1)[-1] for name in [*listed, refusal.field or ""]} & {"name", "taxpayer_id", "email"}
    told = page.refusal_text(refusal.code) or str(page.t.checkout.mend_field)
    return (dict.fromkeys(fields, told), "") if fields else ({}, page.told(refusal))


def _body(typed: Typed) -> dict[str, Any]:
    """A person has no taxpayer's id, whatever was left in its field."""
    return {
        "kind": typed.kind if typed.kind in KINDS else KINDS[0],
        "name": typed.name,
        "taxpayer_id": "" if typed.kind == "PERSONAL" else typed.taxpayer_id,
        "email": typed.email,
    }


@router.get(PATH)
async def get_titles(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The book, with what can be done to each entry."""
    found = await services.orders.get("/v1/invoice-titles", visitor=visitor)
    done = page.request.query_params.get("done", "")
    notices = {"saved": page.t.invoices.saved, "default": page.t.invoices.defaulted, "removed": page.t.invoices.removed}
    return page.render(
        "invoice_titles.html",
        entries=[each | {"line": title_line(each, page)} for each in found["items"]],
        notice=notices.get(done, ""),
    )


@router.get(PATH + "/new")
async def get_new(page: PageDep, visitor: SignedIn) -> Response:
    """An empty form with the visitor's own name and address."""
    typed = Typed(kind=KINDS[0], name=visitor.display_name, email=visitor.email or "")
    return _show_form(page, typed, action=PATH, back=PATH)


@router.get(PATH + "/{title_id}")
async def get_edit(page: PageDep, services: Services, visitor: SignedIn, title_id: UUID) -> Response:
    """An entry to change."""
    saved = await services.orders.get(f"/v1/invoice-titles/{title_id}", visitor=visitor)
    typed = Typed({name: str(saved[name]) for name in ("title_id", "kind", "name", "taxpayer_id", "email", "revision")})
    return _show_form(page, typed, action=PATH, back=PATH)


@router.post(PATH)
async def post_title(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Save a new entry or a changed one. What is refused comes back as it was typed."""
    typed, key = typed_of(form, *_FIELDS), str(form.get("key", "")) or str(new_id())
    try:
        if typed.title_id:
            at = f"/v1/invoice-titles/{UUID(typed.title_id)}"
            await services.orders.put(at, visitor=visitor, json=_body(typed), if_match=f'"{typed.revision}"')
        else:
            sent = _body(typed) | {"is_default": typed.is_default == "yes"}
            await services.orders.post("/v1/invoice-titles", visitor=visitor, json=sent, idempotency_key=key)
    except ValueError as error:
        raise NotFound("There is no such invoice title.", code="invoice-title-not-found") from error
    except _REFUSED as refusal:
        return _show_form(page, typed, action=PATH, back=PATH, refusal=refusal)
    return page.go(PATH, done="saved")


@router.post(PATH + "/{title_id}/{verb}")
async def post_verb(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, title_id: UUID, verb: str
) -> Response:
    """Make an entry the default, or remove it."""
    del form
    at = f"/v1/invoice-titles/{title_id}"
    if verb == "remove":
        await services.orders.delete(at, visitor=visitor)
        return page.go(PATH, done="removed")
    if verb != "default":
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    await services.orders.post(f"{at}/default", visitor=visitor)
    return page.go(PATH, done="default")


@router.get("/orders/{order_id}/invoice")
async def get_order_title(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID) -> Response:
    """To whom the order's invoice is made out, to change; a book's default to begin with."""
    order = await services.orders.get(f"/v1/orders/{order_id}", visitor=visitor)
    kept = order["invoice"]
    if kept is None:
        book = (await services.orders.get("/v1/invoice-titles", visitor=visitor))["items"]
        first = {"kind": KINDS[0], "name": visitor.display_name, "taxpayer_id": "", "email": visitor.email or ""}
        kept = (book[0] if book else first) | {"revision": 0}
    typed = Typed({name: str(kept[name]) for name in ("kind", "name", "taxpayer_id", "email", "revision")})
    at = f"/orders/{order_id}"
    return _show_form(page, typed, action=f"{at}/invoice", back=at, order_number=order["order_number"])


@router.post("/orders/{order_id}/invoice")
async def post_order_title(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID
) -> Response:
    """Say or change it, until something has left."""
    typed, at = typed_of(form, *_FIELDS, "order_number"), f"/orders/{order_id}"
    tag = f'"{typed.revision}"'
    try:
        await services.orders.put(f"/v1{at}/invoice-title", visitor=visitor, json=_body(typed), if_match=tag)
    except _REFUSED as refusal:
        return _show_form(
            page, typed, action=f"{at}/invoice", back=at, order_number=typed.order_number, refusal=refusal
        )
    return page.go(at, done="invoice")
