"""The work pages of promotions: what runs, what it took of its budget, and making, changing, pausing one."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, TrailEntry, Verb
from gateway.pages.promotion_form import FIELDS, KINDS, MistypedError, body_of, typed_from
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_STATUSES: Final = ("DRAFT", "ACTIVE", "PAUSED", "ENDED")
_VERBS: Final = {"DRAFT": ("activate", "end"), "ACTIVE": ("pause", "end"), "PAUSED": ("resume", "end"), "ENDED": ()}
_TONES: Final = {"DRAFT": "", "ACTIVE": "leaf", "PAUSED": "urgent", "ENDED": ""}
_MOST_CODES: Final = 200


def promotions_listing(page: Page) -> Listing:
    """What the address of the list asks for."""
    filters = {"status": set(_STATUSES), "kind": set(KINDS)}
    return listing_of(page.request, path="/work/promotions", filters=filters)


@router.get("/work/promotions")
async def get_promotions(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The promotions of a supplier, or all."""
    ensure_kind(visitor, "supplier", "operator")
    listing = promotions_listing(page)
    found = await services.orders.get("/v1/promotions", visitor=visitor, params=listing.params())
    return draw_promotions(page, listing, found)


def draw_promotions(page: Page, listing: Listing, found: dict[str, Any]) -> Response:
    """The list as it was found."""
    t = page.t.promotions
    heads = [listing.head(each) for each in (t.name, t.kind, t.status, t.bearer, t.period)]
    return page.render(
        "promotions.html",
        listing=listing,
        rows=[_row(each, page) for each in found["items"]],
        next_cursor=found.get("next_cursor"),
        heads=[*heads, listing.head(t.left, is_number=True)],
        filters=[
            Filter("status", t.status, _choices(page, "promotion_status", _STATUSES), empty=t.every_status),
            Filter("kind", t.kind, _choices(page, "promotion_kind", KINDS), empty=t.every_kind),
        ],
    )


@router.get("/work/promotions.csv")
async def get_promotions_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a file."""
    return await _export(page, services, visitor, "csv")


@router.get("/work/promotions.xlsx")
async def get_promotions_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a sheet."""
    return await _export(page, services, visitor, "xlsx")


async def _export(page: Page, services: Services, visitor: Visitor, kind: str) -> Response:
    ensure_kind(visitor, "supplier", "operator")
    params = promotions_listing(page).export_params(format=kind)
    return await download(services.orders, visitor, "/v1/promotions/export", params, accept="*/*")


@router.get("/work/promotions/new")
async def get_new(page: PageDep, visitor: SignedIn) -> Response:
    """An empty form."""
    ensure_kind(visitor, "supplier", "operator")
    return draw_form(page, Typed(dict.fromkeys(FIELDS, "") | {"kind": KINDS[0], "priority": "100"}), key=str(new_id()))


@router.post("/work/promotions/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Save a draft; what is refused comes back as it was typed."""
    ensure_kind(visitor, "supplier", "operator")
    typed, key = typed_of(form, *FIELDS), str(form.get("key") or new_id())
    try:
        made = await services.orders.post("/v1/promotions", visitor=visitor, json=body_of(typed), idempotency_key=key)
    except MistypedError as wrong:
        return draw_form(page, typed, key=key, status=422, errors={wrong.field: page.t.promotions.wrong})
    except (Conflict, Forbidden, Invalid) as refusal:
        return draw_form(page, typed, key=str(new_id()), status=refusal.status, error=_told(refusal, page))
    return page.go(f"/work/promotions/{made['promotion_id']}", done="saved")


@router.get("/work/promotions/{promotion_id}")
async def get_promotion(page: PageDep, services: Services, visitor: SignedIn, promotion_id: UUID) -> Response:
    """One promotion: what it took, what may be done, and what was done."""
    ensure_kind(visitor, "supplier", "operator")
    return await _show(page, services, visitor, promotion_id)


@router.get("/work/promotions/{promotion_id}/edit")
async def get_edit(page: PageDep, services: Services, visitor: SignedIn, promotion_id: UUID) -> Response:
    """The form of a draft or of a paused promotion."""
    ensure_kind(visitor, "supplier", "operator")
    found = await services.orders.get(f"/v1/promotions/{promotion_id}", visitor=visitor)
    return draw_form(page, typed_from(found), key=str(found["revision"]), promotion_id=promotion_id)


@router.post("/work/promotions/{promotion_id}/edit")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, promotion_id: UUID
) -> Response:
    """Save the change against the version that the form began with."""
    ensure_kind(visitor, "supplier", "operator")
    typed, revision = typed_of(form, *FIELDS), str(form.get("key", ""))
    try:
        path = f"/v1/promotions/{promotion_id}"
        await services.orders.put(path, visitor=visitor, json=body_of(typed), if_match=f'"{revision}"')
    except MistypedError as wrong:
        errors = {wrong.field: page.t.promotions.wrong}
        return draw_form(page, typed, key=revision, promotion_id=promotion_id, status=422, errors=errors)
    except (Conflict, Forbidden, Invalid, Stale) as refusal:
        told = _told(refusal, page)
        return draw_form(page, typed, key=revision, promotion_id=promotion_id, status=refusal.status, error=told)
    return page.go(f"/work/promotions/{promotion_id}", done="saved")


@router.post("/work/promotions/{promotion_id}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, promotion_id: UUID
) -> Response:
    """Start, pause, resume or end it."""
    ensure_kind(visitor, "supplier", "operator")
    verb = str(form.get("verb", ""))
    if verb not in {each for verbs in _VERBS.values() for each in verbs}:
        raise NotFound("There is no such step.", code="promotion-unknown")
    try:
        await services.orders.answer(
            "POST",
            f"/v1/promotions/{promotion_id}/{verb}",
            visitor=visitor,
            json={"reason": str(form.get("reason", ""))},
            headers={"idempotency-key": str(form.get("key", "")), "if-match": f'"{form.get("revision", "")}"'},
        )
    except (Conflict, Stale) as refusal:
        return await _show(page, services, visitor, promotion_id, status=refusal.status, error=_told(refusal, page))
    return page.go(f"/work/promotions/{promotion_id}", done="moved")


@router.post("/work/promotions/{promotion_id}/coupons")
async def post_coupons(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, promotion_id: UUID
) -> Response:
    """Make codes and show them once."""
    ensure_kind(visitor, "supplier", "operator")
    text = str(form.get("count", "")).strip()
    count = int(text) if text.isdecimal() and 1 <= int(text[:6]) <= _MOST_CODES else 0
    if not count:
        return await _show(page, services, visitor, promotion_id, status=422, error=page.t.promotions.wrong)
    try:
        path, key = f"/v1/promotions/{promotion_id}/coupons", str(form.get("key", ""))
        made = await services.orders.post(path, visitor=visitor, json={"count": count}, idempotency_key=key)
    except (Conflict, Invalid) as refusal:
        return await _show(page, services, visitor, promotion_id, status=refusal.status, error=_told(refusal, page))
    return await _show(page, services, visitor, promotion_id, codes=made["codes"])


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    promotion_id: UUID,
    *,
    status: int = 200,
    error: str = "",
    codes: list[str] | None = None,
) -> Response:
    path = f"/v1/promotions/{promotion_id}"
    found = await services.orders.get(path, visitor=visitor)
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    return draw_promotion(page, found, trail["items"], status=status, error=error, codes=codes)


def draw_promotion(
    page: Page,
    found: dict[str, Any],
    trail: list[dict[str, Any]],
    *,
    status: int = 200,
    error: str = "",
    codes: list[str] | None = None,
) -> Response:
    """The page of one promotion."""
    t, names = page.t.promotions, page.t.names
    notices = {"saved": t.saved, "moved": t.moved}
    return page.render(
        "promotion.html",
        status=status,
        error=error,
        notice=notices.get(page.request.query_params.get("done", ""), ""),
        promotion=found,
        row=_row(found, page),
        facts=_facts(found, page),
        is_editable=found["status"] in {"DRAFT", "PAUSED"},
        verbs=[
            Verb(each, names["promotion_verb"][each], "danger" if each == "end" else "main")
            for each in _VERBS[found["status"]]
        ],
        trail=[
            TrailEntry(
                page.time(each["done_at"]),
                t.platform if each["actor"] == "operator" else t.supplier,
                names["promotion_verb"].get(each["verb"], each["verb"]),
                reason=each["reason"],
            )
            for each in trail
        ],
        codes=codes or [],
        key=str(new_id()),
    )


def _row(promotion: dict[str, Any], page: Page) -> dict[str, Any]:
    t, names = page.t.promotions, page.t.names
    return {
        "url": f"/work/promotions/{promotion['promotion_id']}",
        "name": promotion["name"] if page.language == "zh" else promotion["name_en"] or promotion["name"],
        "kind": names["promotion_kind"][promotion["kind"]],
        "status": names["promotion_status"][promotion["status"]],
        "tone": _TONES[promotion["status"]],
        "bearer": t.platform if promotion["bearer"] == "platform" else t.supplier,
        "period": f"{page.day(promotion['starts_at'])} – {page.day(promotion['ends_at'])}",
        "left": t.unlimited if promotion["left_fen"] is None else money(promotion["left_fen"]),
    }


def _facts(promotion: dict[str, Any], page: Page) -> list[tuple[str, str]]:
    t, row = page.t.promotions, _row(promotion, page)
    typed = typed_from(promotion)
    return [
        (t.kind, row["kind"]),
        (t.bearer, row["bearer"]),
        (t.period, row["period"]),
        (t.terms, _terms_text(typed, page)),
        (t.categories, typed.categories),
        (t.counties, typed.counties),
        (t.skus, typed.skus),
        (t.priority, typed.priority),
        (t.group, typed.exclusive_group),
        (t.cap, typed.person_cap),
        (t.budget, "" if promotion["budget_fen"] is None else money(promotion["budget_fen"])),
        (t.left, row["left"]),
        (t.taken, str(promotion["order_count"])),
        (t.held, money(promotion["held_fen"])),
        (t.kept, money(promotion["kept_fen"])),
        (t.coupon_count, str(promotion["coupon_count"]) if promotion["kind"] == "coupon" else ""),
    ]


def _terms_text(typed: Typed, page: Page) -> str:
    """The terms as the form has them, in one line."""
    t = page.t.promotions
    told = []
    for number in ("1", "2"):
        start, off = typed[f"from_{number}"], typed[f"off_{number}"]
        told += [f"{t.starting} ¥{start}"] if start else []
        told += [f"{t.off} ¥{off}"] if off else []
    told += [f"{t.percent} {typed.percent} %"] if typed.percent else []
    told += [f"{t.price} ¥{typed.price}"] if typed.price else []
    told += [typed["items"].replace("\n", "; ")] if typed["items"] else []
    return " · ".join(told)


def draw_form(
    page: Page,
    typed: Typed,
    *,
    key: str,
    promotion_id: UUID | None = None,
    status: int = 200,
    errors: dict[str, str] | None = None,
    error: str = "",
) -> Response:
    """The form as it was typed."""
    return page.render(
        "promotion_form.html",
        status=status,
        typed=typed,
        key=key,
        action=f"/work/promotions/{promotion_id}/edit" if promotion_id else "/work/promotions/new",
        is_new=promotion_id is None,
        kinds=_choices(page, "promotion_kind", KINDS),
        errors=Typed(errors or {}),
        error=error or (page.t.promotions.wrong if errors else ""),
    )


def _choices(page: Page, table: str, values: tuple[str, ...]) -> list[Choice]:
    return [Choice(each, page.t.names[table][each]) for each in values]


def _told(refusal: Refusal, page: Page) -> str:
    """The sentence of the refusal, with what exactly a body's check found."""
    found = [str(each.get("message", "")) for each in refusal.extra.get("errors", []) if isinstance(each, dict)]
    return " ".join([page.told(refusal), *found])
