"""Recipients of donations for who keeps them: the list, a new one, one with its state, what it got, and thanks."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.application import told_errors
from gateway.pages.donations import taker_view
from gateway.pages.group_buy_view import places_of
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head, TrailEntry, Verb
from gateway.pages.place_field import place_code, show_place
from gateway.pages.region_filter import region_choices
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/donation-recipients"
_API: Final = "/v1/donation-recipients"
_FACTS: Final = ("kind", "name", "name_en", "contact", "phone", "detail", "purpose", "purpose_en")
_FIELDS: Final = (*_FACTS, "county_code", "organisation_id", "revision")
_STATUSES: Final = ("PROPOSED", "VERIFIED", "CLOSED")
_KINDS: Final = ("WELFARE_HOME", "SCHOOL", "VILLAGE")
_TONES: Final = {"PROPOSED": "urgent", "VERIFIED": "leaf", "CLOSED": ""}
_VERBS: Final = {"PROPOSED": ("verify", "close"), "VERIFIED": ("close",), "CLOSED": ()}
_REFUSED: Final = (Conflict, Invalid, Stale, Forbidden)
_READERS: Final = ("official", "operator", "institution", "supplier")


def _listing(page: Page) -> Listing:
    return listing_of(page.request, path=PATH, filters={"county": None, "status": _STATUSES})


@router.get(PATH)
async def get_list(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Those of the official's regions or of the visitor's organisation."""
    ensure_kind(visitor, *_READERS)
    listing, t, names = _listing(page), page.t.donations, page.t.names
    found = await services.orders.get(f"{_API}/managed", visitor=visitor, params=listing.params())
    places = await places_of(services, (each["county_code"] for each in found["items"]), page)
    regions = await region_choices(services, visitor, listing.values.county, page.language)
    return page.render(
        "donation_desk.html",
        listing=listing,
        rows=[
            taker_view(each, page, places)
            | {"status": names["donation_status"][each["status"]], "tone": _TONES[each["status"]]}
            for each in found["items"]
        ],
        heads=[Head(t.name), Head(t.kind), Head(t.place), Head(t.state), Head(t.got_so_far)],
        filters=[
            Filter("county", t.place, regions, t.everywhere),
            Filter(
                "status", t.state, [Choice(each, names["donation_status"][each]) for each in _STATUSES], t.any_state
            ),
        ],
        next_cursor=found.get("next_cursor"),
        can_add=visitor.kind in {"official", "operator"},
    )


@router.get(f"{PATH}.csv")
async def get_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a file."""
    return await _export(page, services, visitor, "csv")


@router.get(f"{PATH}.xlsx")
async def get_xlsx(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a sheet."""
    return await _export(page, services, visitor, "xlsx")


async def _export(page: Page, services: Services, visitor: Visitor, form: str) -> Response:
    ensure_kind(visitor, *_READERS)
    params = _listing(page).export_params(format=form)
    return await download(services.orders, visitor, f"{_API}/managed/export", params)


@router.get(f"{PATH}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """An empty form, in the official's own county."""
    ensure_kind(visitor, "official", "operator")
    typed = Typed(county_code=visitor.regions[0] if visitor.regions else "")
    await show_place(services, page, typed, "county_code")
    return _form(page, typed)


@router.post(f"{PATH}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Propose it; a refusal brings the form back as it was."""
    ensure_kind(visitor, "official", "operator")
    typed, key = typed_of(form, *_FIELDS), str(form.get("key", "")) or str(new_id())
    try:
        body = await _body(services, page, typed)
        made = await services.orders.post(_API, visitor=visitor, json=body, idempotency_key=key)
    except _REFUSED as refusal:
        return _form(page, typed, refusal=refusal)
    return page.go(f"{PATH}/{made['recipient_id']}", done="saved")


@router.get(f"{PATH}/{{recipient_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, recipient_id: UUID) -> Response:
    """One recipient: facts, state, what was given to it."""
    ensure_kind(visitor, *_READERS)
    return await _show(page, services, visitor, recipient_id)


@router.post(f"{PATH}/{{recipient_id}}")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, recipient_id: UUID
) -> Response:
    """Save what was changed, against the version that the form began with."""
    ensure_kind(visitor, "official", "operator")
    typed = typed_of(form, *_FIELDS)
    try:
        body = await _body(services, page, typed)
        await services.orders.put(f"{_API}/{recipient_id}", visitor=visitor, json=body, if_match=f'"{typed.revision}"')
    except _REFUSED as refusal:
        return await _show(page, services, visitor, recipient_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{recipient_id}", done="saved")


@router.post(f"{PATH}/{{recipient_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, recipient_id: UUID
) -> Response:
    """Verify or close it."""
    ensure_kind(visitor, "official", "operator")
    typed = typed_of(form, "verb", "reason", "revision", "key")
    if typed.verb not in {"verify", "close"}:
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    try:
        await services.orders.answer(
            "POST",
            f"{_API}/{recipient_id}/{typed.verb}",
            visitor=visitor,
            json={"reason": typed.reason[:200]},
            headers={"idempotency-key": typed.key or str(new_id()), "if-match": f'"{typed.revision}"'},
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, recipient_id, refusal=refusal)
    return page.go(f"{PATH}/{recipient_id}", done="moved")


@router.post(f"{PATH}/{{recipient_id}}/thanks/{{order_id}}")
async def post_thanks(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, recipient_id: UUID, order_id: UUID
) -> Response:
    """Say thanks, or put them in other words."""
    ensure_kind(visitor, *_READERS)
    typed = typed_of(form, "thanks", "revision", "key")
    path, body = f"/v1/donations/{order_id}/thanks", {"thanks": typed.thanks}
    try:
        if typed.revision:
            await services.orders.put(path, visitor=visitor, json=body, if_match=f'"{typed.revision}"')
        else:
            key = typed.key or str(new_id())
            await services.orders.post(path, visitor=visitor, json=body, idempotency_key=key)
    except _REFUSED as refusal:
        said = {str(order_id): typed.thanks}
        return await _show(page, services, visitor, recipient_id, said=said, refusal=refusal)
    return page.go(f"{PATH}/{recipient_id}", done="thanked")


async def _body(services: Services, page: Page, typed: Typed) -> dict[str, Any]:
    code = await place_code(services, page, typed.county_code, field="county_code")
    facts = {name: typed[name] for name in _FACTS}
    return facts | {"county_code": code, "organisation_id": typed.organisation_id or None}


def _errors(refusal: Refusal | None, page: Page) -> tuple[dict[str, str], str]:
    if refusal is None:
        return {}, ""
    errors = {name: told for name, told in told_errors(refusal, page).items() if name in _FIELDS}
    return errors, "" if errors else page.told(refusal)


def _kinds(page: Page) -> list[Choice]:
    return [Choice(each, page.t.names["donation_kind"][each]) for each in _KINDS]


def _form(page: Page, typed: Typed, *, refusal: Refusal | None = None) -> Response:
    errors, error = _errors(refusal, page)
    return page.render(
        "donation_desk_new.html",
        status=refusal.status if refusal else 200,
        typed=typed,
        errors=Typed(errors),
        error=error,
        kinds=_kinds(page),
    )


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    recipient_id: UUID,
    *,
    typed: Typed | None = None,
    said: dict[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Response:
    path, t, names = f"{_API}/{recipient_id}", page.t.donations, page.t.names
    item = await services.orders.get(f"{path}/managed", visitor=visitor)
    trail = await services.orders.get(f"{path}/trail", visitor=visitor)
    listing = listing_of(page.request, path=f"{PATH}/{recipient_id}")
    gifts = await services.orders.get(f"{path}/donations", visitor=visitor, params=listing.params())
    if typed is None:
        typed = Typed({name: str(item[name] or "") for name in _FIELDS})
        await show_place(services, page, typed, "county_code")
    errors, error = _errors(refusal, page)
    row = taker_view(item, page, await places_of(services, [item["county_code"]], page))
    keeps = visitor.kind in {"official", "operator"}
    done = page.request.query_params.get("done", "")
    return page.render(
        "donation_desk_one.html",
        status=refusal.status if refusal else 200,
        listing=listing,
        next_cursor=gifts.get("next_cursor"),
        row=row,
        url=f"{PATH}/{recipient_id}",
        state=names["donation_status"][item["status"]],
        tone=_TONES[item["status"]],
        facts=[
            (t.kind, row["kind"]),
            (t.place, row["place"]),
            (t.contact, f"{item['contact']} {item['phone']}"),
            (t.detail, item["detail"]),
            (t.purpose, row["purpose"]),
            (t.got_so_far, row["got"]),
        ],
        can_edit=keeps and item["status"] != "CLOSED",
        verbs=[
            Verb(verb, names["donation_verb"][verb], "main" if verb == "verify" else "danger")
            for verb in (_VERBS[item["status"]] if keeps else ())
        ],
        revision=item["revision"],
        typed=typed,
        errors=Typed(errors),
        error=error,
        kinds=_kinds(page),
        gifts=[
            each
            | {
                "placed": page.day(each["placed_at"]),
                "status_text": names["order_status"][each["order_status"]],
                "has_arrived": each["order_status"] == "COMPLETED",
                "said": (said or {}).get(each["order_id"], each["thanks"]),
                "thanked_as_text": names["donation_side"].get(each["thanked_as"], ""),
            }
            for each in gifts["items"]
        ],
        trail=[
            TrailEntry(
                page.time(each["done_at"]),
                names["group_buy_actor"].get(each["actor"], each["actor"]),
                names["donation_verb"].get(each["verb"], each["verb"]),
                reason=each["reason"],
            )
            for each in reversed(trail["items"])
        ],
        notice={"saved": t.saved, "moved": t.moved, "thanked": t.thanks_saved}.get(done, "") if not refusal else "",
    )
