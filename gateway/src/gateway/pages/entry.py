"""Signing in, up and out."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from gateway.entrance import Entered, forget, remember, sign_in, sign_out, sign_up
from gateway.pages.cart import piece_count
from gateway.pages.guest_cart import take_over
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, safe_next, set_language
from shared.errors import Refusal

router = APIRouter(default_response_class=Response)

_SIGN_UP_FIELDS = ("display_name", "email", "phone")


def _form_page(
    page: Page, template: str, *, typed: Typed, going: str, status: int = 200, refusal: Refusal | None = None
) -> Response:
    """The form, as typed, with what is wrong beside the field or above them all."""
    errors: dict[str, str] = {}
    error = ""
    if refusal is not None:
        told = page.t.names["refusal"].get(refusal.code, refusal.message)
        if refusal.field in {"display_name", "email", "phone", "password"} and refusal.code != "credentials-wrong":
            errors[str(refusal.field)] = told
        else:
            error = told
    reason = page.t.entry.reason_cart if going.startswith("/checkout") else ""
    return page.render(
        template, status=status, typed=typed, errors=Typed(errors), error=error, next=going, reason=reason
    )


def _entered(page: Page, entered: Entered, going: str) -> Response:
    response = RedirectResponse(going, 303)
    remember(response, page.request, entered)
    # What the visitor reads now stays, whatever the account was opened in.
    set_language(response, page.request, page.language)
    return response


@router.get("/sign-in")
async def get_sign_in(page: PageDep, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """The form; one who is signed in goes on at once."""
    going = safe_next(next)
    if page.visitor.is_signed_in:
        return RedirectResponse(going, 303)
    return _form_page(page, "sign_in.html", typed=Typed(), going=going)


@router.post("/sign-in")
async def post_sign_in(page: PageDep, request: Request, form: CheckedForm) -> Response:
    """Open a session and go on to where the visitor wanted to be."""
    going = safe_next(_text(form, "next"))
    try:
        entered = await sign_in(request, identifier=_text(form, "identifier"), password=_text(form, "password"))
    except Refusal as refusal:
        typed = typed_of(form, "identifier")
        return _form_page(page, "sign_in.html", typed=typed, going=going, status=refusal.status, refusal=refusal)
    return _entered(page, entered, _welcome(going))


@router.get("/sign-up")
async def get_sign_up(page: PageDep, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """The form of a new account."""
    return _form_page(page, "sign_up.html", typed=Typed(), going=safe_next(next))


@router.post("/sign-up")
async def post_sign_up(page: PageDep, request: Request, form: CheckedForm) -> Response:
    """Open an account and a session in it."""
    going = safe_next(_text(form, "next"))
    try:
        entered = await sign_up(
            request,
            display_name=_text(form, "display_name"),
            password=_text(form, "password"),
            email=_text(form, "email") or None,
            phone=_text(form, "phone") or None,
            language=page.language,
        )
    except Refusal as refusal:
        typed = typed_of(form, *_SIGN_UP_FIELDS)
        return _form_page(page, "sign_up.html", typed=typed, going=going, status=refusal.status, refusal=refusal)
    return _entered(page, entered, _welcome(going))


@router.get("/welcome")
async def get_welcome(page: PageDep, services: Services, visitor: SignedIn, next: str = "/") -> Response:  # noqa: A002
    """Right after signing in: what was chosen before goes into the cart, and the cart's sign counts again."""
    going = safe_next(next)
    response = RedirectResponse(going, 303)
    try:
        if await take_over(page, services, visitor):
            response.headers["location"] = "/cart?problem=left-out"
        cart: dict[str, Any] = await services.orders.get("/v1/cart", visitor=visitor)
        page.remember_cart_count(response, piece_count(cart))
    except Refusal:
        # The way in must not depend on the cart: it says itself what is wrong when it is opened.
        page.remember_cart_count(response, 0)
    return response


@router.post("/sign-out")
async def post_sign_out(page: PageDep, request: Request, visitor: SignedIn, form: CheckedForm) -> Response:
    """End this session."""
    del form
    await sign_out(request, visitor)
    response = RedirectResponse("/", 303)
    forget(response, request)
    page.remember_cart_count(response, 0)
    return response


def _welcome(going: str) -> str:
    return f"/welcome?next={quote(going)}"


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) and name != "password" else str(value)
