"""Reviews: the form after delivery, what a product's page shows, and the desk where suppliers answer and operators
hide."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.cards import in_language, picture_url
from gateway.pages.claims import send_photos
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale, TooLarge, Unsupported
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/reviews"
_STARS: Final = ("5", "4", "3", "2", "1")
_SHOWN: Final = 5


def stars(rating: int) -> str:
    """Four of five: ★★★★☆."""
    return "★" * rating + "☆" * (5 - rating)


def review_row(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """A review as pages print it."""
    return item | {
        "title": in_language(item, "product_title", page.language),
        "stars": stars(item["rating"]),
        "stars_told": page.t.reviews.stars_told(n=item["rating"]),
        "at": page.day(item["reviewed_at"][:10]),
    }


def product_reviews(found: dict[str, Any], page: Page) -> dict[str, Any]:
    """What a product's page shows: the mean, how many there are, the latest."""
    counts = {int(star): count for star, count in found["rating_counts"].items()}
    total = sum(counts.values())
    mean = sum(star * count for star, count in counts.items()) / total if total else 0.0
    return {
        "count": total,
        "mean": f"{mean:.1f}",
        "stars": stars(round(mean)) if total else "",
        "rows": [review_row(each, page) for each in found["items"]],
        "next_cursor": found["next_cursor"],
    }


async def read_product_reviews(services: Services, page: Page, product_id: UUID, cursor: str = "") -> dict[str, Any]:
    """The reviews of a product; none where orders does not answer, for the page can be read without."""
    params = {"limit": _SHOWN, "cursor": cursor or None}
    try:
        found = await services.orders.get(f"/v1/products/{product_id}/reviews", visitor=None, params=params)
    except Refusal:
        found = {"items": [], "next_cursor": None, "rating_counts": {}}
    return product_reviews(found, page)


@router.get("/products/{product_id}/reviews")
async def get_more(page: PageDep, services: Services, product_id: UUID, cursor: str = "") -> Response:
    """More reviews of a product."""
    reviews = await read_product_reviews(services, page, product_id, cursor[:500])
    return page.render("product_reviews_all.html", reviews=reviews, product_id=product_id)


@router.get("/orders/{order_id}/lines/{line_id}/review")
async def get_form(page: PageDep, services: Services, visitor: SignedIn, order_id: UUID, line_id: UUID) -> Response:
    """The form for a review."""
    return await _form(page, services, visitor, order_id, line_id, Typed(rating="5"))


@router.post("/orders/{order_id}/lines/{line_id}/review")
async def post_review(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, order_id: UUID, line_id: UUID
) -> Response:
    """Publish the review."""
    typed = typed_of(form, "rating", "body")
    kept = [str(each) for each in form.getlist("photo_ids")][:9]
    sent = [*form.getlist("camera"), *form.getlist("photos")]
    try:
        if kept or any(isinstance(each, UploadFile) and each.filename for each in sent):
            await send_photos(services, visitor, form, kept)
        await services.orders.post(
            f"/v1/orders/{order_id}/lines/{line_id}/review",
            visitor=visitor,
            json={
                "rating": int(typed.rating) if typed.rating in _STARS else 0,
                "body": typed.body,
                "photo_ids": kept,
            },
            idempotency_key=str(form.get("key", "")) or str(new_id()),
        )
    except (Conflict, Invalid, TooLarge, Unsupported) as refusal:
        return await _form(page, services, visitor, order_id, line_id, typed, refusal=refusal, kept=kept)
    return page.go(f"/orders/{order_id}", done="reviewed")


async def _form(
    page: Page,
    services: Services,
    visitor: Visitor,
    order_id: UUID,
    line_id: UUID,
    typed: Typed,
    *,
    refusal: Refusal | None = None,
    kept: list[str] | None = None,
) -> Response:
    path = f"/v1/orders/{order_id}/lines/{line_id}/claim-options"
    options = await services.orders.get(path, visitor=visitor)
    return page.render(
        "review_form.html",
        status=refusal.status if refusal else 200,
        **form_context(page, options, typed, kept or []),
        error=page.told(refusal) if refusal else "",
    )


def form_context(page: Page, options: dict[str, Any], typed: Typed, kept: list[str]) -> dict[str, Any]:
    """What the form shows."""
    return {
        "options": options,
        "title": in_language(options, "product_title", page.language),
        "thumb": picture_url(options["picture"]),
        "typed": typed,
        "kept": kept,
        "choices": [Choice(each, f"{stars(int(each))} {page.t.names['stars'][each]}") for each in _STARS],
    }


def desk_listing(page: Page) -> Listing:
    """What the address of the desk asks for."""
    return listing_of(page.request, path=PATH, filters={"rating": _STARS, "is_unanswered": ("true",)})


@router.get("/work/reviews")
async def get_desk(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Reviews of a supplier's goods, or all."""
    ensure_kind(visitor, "supplier", "operator")
    return await _desk(page, services, visitor)


async def _desk(page: Page, services: Services, visitor: Visitor, *, refusal: Refusal | None = None) -> Response:
    listing = desk_listing(page)
    found = await services.orders.get("/v1/reviews", visitor=visitor, params=listing.params())
    done = page.request.query_params.get("done", "")
    return page.render(
        "reviews.html",
        status=refusal.status if refusal else 200,
        **desk_context(page, listing, found),
        notice=page.t.names["after_sales_done"].get(done, ""),
        error=page.told(refusal) if refusal else "",
    )


def desk_context(page: Page, listing: Listing, found: dict[str, Any]) -> dict[str, Any]:
    """What the desk shows."""
    t = page.t.reviews
    return {
        "listing": listing,
        "rows": [review_row(each, page) for each in found["items"]],
        "next_cursor": found.get("next_cursor"),
        "filters": [
            Filter("rating", t.rating, [Choice(each, stars(int(each))) for each in _STARS], page.t.after_sales.every),
            Filter("is_unanswered", t.answer, [Choice("true", t.unanswered)], page.t.after_sales.every),
        ],
    }


@router.get("/work/reviews.{kind}")
async def get_desk_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same list as CSV or Excel."""
    ensure_kind(visitor, "supplier", "operator")
    params = desk_listing(page).export_params(format="csv" if kind == "csv" else "xlsx")
    return await download(services.orders, visitor, "/v1/reviews/export", params)


@router.post("/work/reviews/{review_id}")
async def post_word(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, review_id: UUID
) -> Response:
    """A supplier's answer; an operator hides it, with a reason, or shows it again."""
    ensure_kind(visitor, "supplier", "operator")
    verb, words = str(form.get("verb", "")), str(form.get("words", "")).strip()[:1000]
    path, headers = f"/v1/reviews/{review_id}", {"If-Match": f'"{form.get("revision", "")}"'}
    try:
        if verb == "answer":
            await services.orders.answer(
                "PUT", f"{path}/answer", visitor=visitor, json={"answer": words}, headers=headers
            )
        else:
            chosen = "show" if verb == "show" else "hide"
            await services.orders.answer(
                "POST", f"{path}/{chosen}", visitor=visitor, json={"reason": words[:500]}, headers=headers
            )
    except (Conflict, Stale, Invalid, Forbidden) as refusal:
        return await _desk(page, services, visitor, refusal=refusal)
    return page.go(PATH, done="answered" if verb == "answer" else "hidden")
