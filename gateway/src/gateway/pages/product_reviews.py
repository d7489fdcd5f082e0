"""The reviewers' desk: the queue by age, a product or its change beside what is on sale, and the decision by field."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages import goods_view as view
from gateway.pages.account import Choice
from gateway.pages.cards import in_language, picture_url
from gateway.pages.figures import instant_of, money, weight
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.places import place_name
from gateway.pages.shell import Page, PageDep
from gateway.pages.work import ensure_kind, ensure_role
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import utc_now
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/product-reviews"
_STATUSES: Final = ("PENDING", "ACCEPTED", "REJECTED", "WITHDRAWN")
_KINDS: Final = ("LISTING", "CHANGE")
_REFUSALS: Final = (Conflict, Forbidden, Invalid, Stale)
_PARTS: Final = (
    "title",
    "category",
    "origin_county_code",
    "pictures",
    "description",
    "skus",
    "prices",
    "shelf_life_days",
    "temperature_class",
    "tax_basis",
    "invoice_name",
    "certificates",
    "product",
)
_LONGEST_REASON: Final = 120


def ensure_may_review(visitor: Visitor) -> None:
    """403 for everybody but operators who review."""
    ensure_kind(visitor, "operator")
    ensure_role(visitor, "reviewer", "operator")


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=PATH, filters={"status": _STATUSES, "kind": _KINDS})


def _params(listing: Listing, **more: str | int) -> dict[str, Any]:
    return {"status": "PENDING"} | listing.params(**more) if not listing.values.status else listing.params(**more)


@router.get(PATH)
async def get_reviews(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """What waits for a decision, the oldest first; decided ones by the filter."""
    ensure_may_review(visitor)
    listing = _listing(page)
    found = await services.catalog.get("/v1/product-reviews", visitor=visitor, params=_params(listing))
    return draw_queue(page, listing, found, now=utc_now())


def draw_queue(page: Page, listing: Listing, found: dict[str, Any], *, now: datetime) -> Response:
    """The queue from the catalog's answer."""
    t, names = page.t.product_reviews, page.t.names
    rows = [
        {
            **each,
            "name": in_language(each, "title", page.language),
            "image": picture_url(each["picture"]),
            "what": names["review_kind"][each["kind"]],
            "state": names["review_status"][each["status"]],
            "tone": view.TONES[each["status"]],
            "parts": _fields_told(each["fields"], page),
            "at": page.time(each["submitted_at"]),
            "age": _age(each["submitted_at"], now, page),
        }
        for each in found["items"]
    ]
    return page.render(
        "product_reviews.html",
        listing=listing,
        rows=rows,
        total=found["total"],
        next_cursor=found.get("next_cursor"),
        heads=[listing.head(label) for label in (t.product, t.what, t.parts, t.supplier, t.submitted, t.status)],
        filters=[
            Filter("status", t.status, [Choice(each, names["review_status"][each]) for each in _STATUSES], t.waiting),
            Filter("kind", t.what, [Choice(each, names["review_kind"][each]) for each in _KINDS], t.both),
        ],
        notice=_notice(page),
    )


@router.get(f"{PATH}.{{kind}}")
async def get_reviews_file(page: PageDep, services: Services, visitor: SignedIn, kind: str) -> Response:
    """The same list as CSV or Excel."""
    ensure_may_review(visitor)
    listing = _listing(page)
    params = {name: value for name, value in _params(listing).items() if name not in {"cursor", "limit"}}
    params["format"] = "csv" if kind == "csv" else "xlsx"
    return await download(services.catalog, visitor, "/v1/product-reviews/export", params)


@router.get(f"{PATH}/{{review_id}}")
async def get_review(page: PageDep, services: Services, visitor: SignedIn, review_id: UUID) -> Response:
    """One review: a new product as a whole, or what a change alters."""
    ensure_may_review(visitor)
    return await _review_page(page, services, visitor, review_id)


@router.post(f"{PATH}/{{review_id}}")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, review_id: UUID
) -> Response:
    """Accept, in part if reasons stand beside fields of a change, or reject; then on to the next that waits."""
    ensure_may_review(visitor)
    reasons = reasons_of(form)
    verb = "accept" if form.get("verb") == "accept" else "reject"
    body: dict[str, Any] = {"rejected": reasons} if verb == "accept" else {"reasons": reasons}
    headers = {"if-match": f'"{form.get("revision", "")}"'}
    path = f"/v1/product-reviews/{review_id}/{verb}"
    try:
        answer = await services.catalog.answer("POST", path, visitor=visitor, json=body, headers=headers)
    except _REFUSALS as refusal:
        return await _review_page(page, services, visitor, review_id, typed=reasons, refusal=refusal)
    next_id = answer.json["next_id"]
    return page.go(f"{PATH}/{next_id}" if next_id else PATH, done="accepted" if verb == "accept" else "rejected")


def reasons_of(form: FormData) -> dict[str, str]:
    """What was typed beside the fields: the field's name and why it is refused."""
    found = {}
    for name, value in form.multi_items():
        if name.startswith("reason:") and isinstance(value, str) and value.strip():
            found[name.removeprefix("reason:")] = " ".join(value.split())[:_LONGEST_REASON]
    return found


async def _review_page(
    page: Page,
    services: Services,
    visitor: Visitor,
    review_id: UUID,
    *,
    typed: dict[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Response:
    review = await services.catalog.get(f"/v1/product-reviews/{review_id}", visitor=visitor)
    return draw_review(page, review, now=utc_now(), typed=typed, refusal=refusal)


def draw_review(
    page: Page,
    review: dict[str, Any],
    *,
    now: datetime,
    typed: dict[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Response:
    """A review from the catalog's answer."""
    product, names, t = review["product"], page.t.names, page.t
    packs = view.pack_names(review["skus"], page)
    rows = [
        {
            "field": each["field"],
            "label": shown.label,
            "before": shown.before,
            "after": shown.after,
            "pictures": _pictures(each) if each["field"] == "pictures" else None,
            "reason": (typed or review["reasons"]).get(each["field"], ""),
        }
        for each, shown in zip(review["changes"], view.differences(review["changes"], packs, page), strict=True)
    ]
    return page.render(
        "product_review.html",
        status=refusal.status if refusal else 200,
        review=review,
        product=product,
        title=in_language(product, "title", page.language),
        what=names["review_kind"][review["kind"]],
        state=names["review_status"][review["status"]],
        tone=view.TONES[review["status"]],
        age=_age(review["submitted_at"], now, page),
        rows=rows,
        difference_heads=[
            Head(label) for label in (t.work.field, t.work.before, t.work.after, t.product_reviews.refuse_because)
        ],
        pack_heads=[
            Head(page.t.goods.pack),
            *(Head(names["product_field"][each]) for each in ("net_weight_g", "unit", "gtin")),
            Head(page.t.goods.price, is_number=True),
            Head(page.t.goods.tiers),
        ],
        parts=[(each, names["product_field"][each], (typed or {}).get(each, "")) for each in _PARTS],
        decided=view.reasons(review["reasons"], packs, page) if review["status"] != "PENDING" else [],
        facts=_facts(product, page),
        pictures=[picture_url(each) for each in product["pictures"]],
        skus=[_pack(each, page) for each in review["skus"]],
        earlier=[
            (
                page.time(each["submitted_at"]),
                names["review_status"][each["status"]],
                view.reasons(each["reasons"], packs, page),
            )
            for each in review["earlier"]
        ],
        trail=view.trail(review["trail"], page),
        error=page.told(refusal) if refusal else "",
        notice="" if refusal else _notice(page),
    )


def _facts(product: dict[str, Any], page: Page) -> list[tuple[str, str]]:
    names, t = page.t.names, page.t.names["product_field"]
    origin = product["origin"]
    place = f"{origin['province']}{origin['city']}{origin['county']}"
    if page.language == "en":
        place = f"{place_name(origin['county'], 'en')} ({place})"
    return [
        (t["title"], product["title"]),
        (t["title_en"], product["title_en"]),
        (t["category"], names["category"].get(product["category"], product["category"])),
        (t["origin_county_code"], place),
        (page.t.product_reviews.supplier, in_language(product["supplier"], "name", page.language)),
        (t["grade"], product["grade"]),
        (t["description"], product["description"]),
        (t["description_en"], product["description_en"]),
        (t["shelf_life_days"], str(page.t.product.days(product["shelf_life_days"]))),
        (t["temperature_class"], names["temperature_class"].get(product["temperature_class"], "")),
        (t["seasons"], "; ".join(view.season_line(each, page) for each in product["seasons"])),
        (t["season_note"], product["season_note"]),
        (t["tax_basis"], view.tax_text(product["tax"], page)),
        (t["invoice_name"], product["invoice_name"]),
        (t["tax_code"], product["tax_code"]),
        (t["certificates"], _certificates(product, page)),
        (t["document_ids"], "; ".join(each["name"] for each in product["documents"])),
    ]


def _certificates(product: dict[str, Any], page: Page) -> str:
    names = page.t.names["certificate"]
    return "; ".join(f"{names.get(each['type'], each['type'])} {each['number']}" for each in product["certificates"])


def _pack(sku: dict[str, Any], page: Page) -> dict[str, Any]:
    names = page.t.names
    return {
        "name": in_language(sku, "specification", page.language),
        "weight": weight(sku["net_weight_g"], page.language),
        "unit": names["unit"].get(sku["unit"], sku["unit"]),
        "code": sku["gtin"] or sku["supplier_code"] or "",
        "price": money(sku["price_fen"]) if sku["price_fen"] is not None else "",
        "tiers": [
            page.t.goods.tier_line(
                group=names["buyer_group"][each["buyer_group"]],
                quantity=each["min_quantity"],
                price=money(each["price_fen"]),
            )
            for each in sku["price_tiers"]
        ],
        "is_new": not sku["is_approved"],
    }


def _pictures(change: dict[str, Any]) -> dict[str, list[str]]:
    return {name: [picture_url(each) for each in change[name] or ()] for name in ("before", "after")}


def _fields_told(fields: list[str], page: Page) -> str:
    names = page.t.names["product_field"]
    told = {}
    for field in fields:
        own = field.rpartition(".")[2] if field.count(".") > 1 else "skus" if field.startswith("skus.") else field
        told[names.get(own, own)] = True
    return ("、" if page.language == "zh" else ", ").join(told)


def _age(instant: str, now: datetime, page: Page) -> str:
    hours = int((now - instant_of(instant)).total_seconds() // 3600)
    t = page.t.product_reviews
    if hours < 1:
        return str(t.just_now)
    return str(t.hours_old(hours)) if hours < 48 else str(t.days_old(hours // 24))  # noqa: PLR2004


def _notice(page: Page) -> str:
    done = page.request.query_params.get("done", "")
    return str(getattr(page.t.product_reviews, f"done_{done}")) if done in {"accepted", "rejected"} else ""
