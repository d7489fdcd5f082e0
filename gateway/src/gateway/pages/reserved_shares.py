"""Reserved shares: the list and its desk, a unit's own filing, decisions on it, and who has not filed in time."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.application import told_errors
from gateway.pages.figures import money
from gateway.pages.group_buy_view import places_of
from gateway.pages.list_pages import Action, Badge, Cell, Column, Empty, ListPage, add_files, is_id, show_list
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head, TrailEntry, Verb
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.units import MODES, READERS, choices, units_first
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/reserved-shares"
_API: Final = "/v1/reserved-shares"
_STATUSES: Final = ("DRAFT", "SUBMITTED", "LEAD_REVIEW", "RETURNED", "LEAD_APPROVED", "FINANCE_CONFIRMED", "LOCKED")
TONES: Final = {
    "DRAFT": "", "SUBMITTED": "urgent", "LEAD_REVIEW": "urgent", "RETURNED": "clay", "LEAD_APPROVED": "key",
    "FINANCE_CONFIRMED": "key", "LOCKED": "leaf",
}  # fmt: skip
_SUMS: Final = ("canteen_total", "union_total", "union_reserved")
_FIELDS: Final = (*_SUMS, "ratio", "union_member_count", "contact", "phone", "note", "revision", "year")
_DECISIONS: Final = ("withdraw", "review", "approve", "return", "confirm", "lock", "correct")
_BESIDE: Final = {"ratio_bp": "ratio"} | {f"{name}_fen": name for name in _SUMS}
_REFUSED: Final = (Conflict, Invalid, Stale, Forbidden)
_MOST_DIGITS: Final = 14


class _Mistyped(Invalid):
    """A figure that is none."""


def this_year() -> int:
    """The year of the business day."""
    return business_day(utc_now()).year


def year_choices() -> list[Choice]:
    """Years that a list may be narrowed to, the newest first."""
    return [Choice(str(each), str(each)) for each in range(this_year() + 1, this_year() - 4, -1)]


def _shares(page: Page, visitor: Visitor) -> ListPage:
    """Filings of the units that the visitor sees, and the way to one's own."""
    t, names, year = page.t.reserved_shares, page.t.names, this_year()
    new = Action(t.file_year(year=year), f"{PATH}/new?year={year}", is_main=True)
    overdue, can_file = Action(t.overdue, f"{PATH}/overdue"), visitor.kind == "institution"
    next_step = new if can_file else overdue

    def state(row: Mapping[str, Any]) -> Cell:
        return Cell(badges=[Badge(row["status_text"], row["tone"])], note=t.replaced if row["superseded_at"] else "")

    return ListPage(
        path=PATH,
        source=_API,
        title=t.title,
        intro=t.intro,
        actions=[new, overdue] if can_file else [overdue],
        filters=[
            Filter("year", t.year, year_choices(), t.every_year),
            Filter("status", t.state, choices(names["share_status"], _STATUSES), t.every_state),
            Filter("mode", t.mode, choices(names["canteen_mode"], MODES), t.every_mode),
        ],
        also={"unit_id": is_id},
        row=lambda each: share_row(each, page),
        columns=[
            Column(t.unit, lambda each: Cell(each["unit_name"], each["url"])),
            Column(
                t.year,
                lambda row: Cell(str(row["year"]), beside="" if row["version"] == 1 else t.version(n=row["version"])),
            ),
            Column(t.mode, "mode_text"),
            Column(t.canteen_total, "canteen_total", is_number=True),
            Column(t.ratio, "ratio", is_number=True),
            Column(t.union_reserved, "union_reserved", is_number=True),
            Column(t.reserved, "reserved", is_number=True),
            Column(t.state, state),
        ],
        empty=Empty(t.none, t.none_own_text if can_file else t.none_text, next_step.url, next_step.label),
        narrowed=Empty(t.none_found, t.none_found_text, PATH, page.t.work.reset),
    )


@router.get(PATH)
async def get_shares(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The list; who has no unit yet is led to registering one."""
    ensure_kind(visitor, *READERS)
    try:
        return await show_list(page, services, visitor, _shares(page, visitor))
    except Forbidden as refusal:
        return units_first(page, visitor, refusal)


add_files(router, PATH, READERS, _shares)


def share_row(share: dict[str, Any], page: Page) -> dict[str, Any]:
    """A filing as lists print it."""
    names = page.t.names
    return share | {
        "url": f"{PATH}/{share['share_id']}",
        "mode_text": names["canteen_mode"][share["canteen_mode"]],
        "status_text": names["share_status"][share["status"]],
        "tone": "" if share["superseded_at"] else TONES[share["status"]],
        "canteen_total": money(share["canteen_total_fen"]),
        "ratio": percent(share["ratio_bp"]),
        "union_reserved": money(share["union_reserved_fen"]),
        "reserved": money(share["reserved_fen"]),
    }


def percent(share_bp: int | None) -> str:
    """1500 as 15 %."""
    return "—" if share_bp is None else f"{share_bp / 100:g}%"


@router.get(f"{PATH}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The form of a year that is not filed yet, or on to the filing that is there."""
    ensure_kind(visitor, "institution")
    asked = page.request.query_params.get("year", "")
    year = next((int(each.value) for each in year_choices() if each.value == asked), this_year())
    own = await services.orders.get(f"{_API}/mine", visitor=visitor, params={"year": year})
    there = next((each for each in own["items"] if each["year"] == year), None)
    if there is not None:
        return page.go(f"{PATH}/{there['share_id']}")
    return _new(page, own, Typed(year=str(year)))


@router.post(f"{PATH}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Begin it; a refusal brings the form back as it was."""
    ensure_kind(visitor, "institution")
    typed, key = typed_of(form, *_FIELDS), str(form.get("key", "")) or str(new_id())
    year = int(typed.year) if typed.year in {each.value for each in year_choices()} else this_year()
    try:
        body = _body(typed) | {"year": year}
        made = await services.orders.post(_API, visitor=visitor, json=body, idempotency_key=key)
    except _REFUSED as refusal:
        own = await services.orders.get(f"{_API}/mine", visitor=visitor, params={"year": year})
        return _new(page, own, typed, refusal)
    return page.go(f"{PATH}/{made['share_id']}", done="saved")


@router.get(f"{PATH}/overdue")
async def get_overdue(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """Units that have not filed in time."""
    ensure_kind(visitor, *READERS)
    listing, t, names = _overdue_listing(page), page.t.reserved_shares, page.t.names
    params = listing.params(year=listing.values.year or this_year())
    params.pop("q", None)
    found = await services.orders.get(f"{_API}/overdue", visitor=visitor, params=params)
    places = await places_of(services, (each["county_code"] for each in found["items"]), page)
    return page.render(
        "reserved_overdue.html",
        listing=listing,
        year=listing.values.year or this_year(),
        rows=[
            each
            | {
                "place": places.get(each["county_code"], each["county_code"]),
                "deadline": page.day(each["deadline_on"]),
                "status_text": names["share_status"][each["status"]] if each["status"] else t.not_filed,
                "late": t.days(n=each["late_days"]),
            }
            for each in found["items"]
        ],
        heads=[Head(each) for each in (t.unit, t.parent, t.place, t.state, t.deadline, t.late)],
        filters=[Filter("year", t.year, year_choices(), t.this_year)],
        next_cursor=found["next_cursor"],
    )


@router.get(f"{PATH}/overdue.csv")
async def get_overdue_csv(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The same list as a file."""
    params = {"year": _overdue_listing(page).values.year or this_year(), "format": "csv"}
    return await download(services.orders, visitor, f"{_API}/overdue/export", params)


def _overdue_listing(page: Page) -> Listing:
    return listing_of(page.request, path=f"{PATH}/overdue", filters={"year": {each.value for each in year_choices()}})


@router.get(f"{PATH}/{{share_id}}")
async def get_share(page: PageDep, services: Services, visitor: SignedIn, share_id: UUID) -> Response:
    """One filing: its figures, its rules, what may be done, and what was done."""
    ensure_kind(visitor, *READERS)
    return await _show(page, services, visitor, share_id)


@router.post(f"{PATH}/{{share_id}}")
async def post_edit(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, share_id: UUID
) -> Response:
    """Save the figures, and hand them in if so asked."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, *_FIELDS, "verb", "key")
    path = f"{_API}/{share_id}"
    try:
        saved = await services.orders.put(path, visitor=visitor, json=_body(typed), if_match=f'"{typed.revision}"')
        if typed.verb == "submit":
            typed["revision"] = str(saved["revision"])
            headers = {"idempotency-key": typed.key or str(new_id()), "if-match": f'"{saved["revision"]}"'}
            await services.orders.answer("POST", f"{path}/submit", visitor=visitor, headers=headers)
    except _REFUSED as refusal:
        return await _show(page, services, visitor, share_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{share_id}", done="submitted" if typed.verb == "submit" else "saved")


@router.post(f"{PATH}/{{share_id}}/decision")
async def post_decision(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, share_id: UUID
) -> Response:
    """Withdraw, review, approve, return, confirm, lock, or begin a correction."""
    ensure_kind(visitor, *READERS)
    typed = typed_of(form, "verb", "reason", "revision", "key")
    if typed.verb not in _DECISIONS:
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    try:
        if typed.verb in {"return", "correct"} and not typed.reason:
            raise Invalid("Say why.", code="reason-missing", field="reason")
        done = await services.orders.answer(
            "POST",
            f"{_API}/{share_id}/{typed.verb}",
            visitor=visitor,
            json={"reason": typed.reason[:500]},
            headers={"idempotency-key": typed.key or str(new_id()), "if-match": f'"{typed.revision}"'},
        )
    except _REFUSED as refusal:
        return await _show(page, services, visitor, share_id, refusal=refusal, reason=typed.reason)
    return page.go(f"{PATH}/{done.json['share_id']}", done="moved")


def _body(typed: Typed) -> dict[str, Any]:
    sums = {f"{name}_fen": _scaled(typed, name) for name in _SUMS}
    count = typed.union_member_count or "0"
    if not (count.isascii() and count.isdecimal() and len(count) <= 7):  # noqa: PLR2004 - ten million people
        raise _Mistyped("A whole number.", code="figure-mistyped", field="union_member_count")
    texts = {name: typed[name] for name in ("contact", "phone", "note")}
    return sums | texts | {"ratio_bp": _scaled(typed, "ratio"), "union_member_count": int(count)}


def _scaled(typed: Typed, name: str) -> int:
    """Yuan as fen and per cent as basis points, with two decimals at most; nothing typed is nothing."""
    try:
        found = Decimal(typed[name].replace(",", "").removesuffix("%") or "0") * 100
    except InvalidOperation as error:
        raise _Mistyped("A number.", code="figure-mistyped", field=name) from error
    if not found.is_finite() or found != found.to_integral_value() or not 0 <= found < 10**_MOST_DIGITS:
        raise _Mistyped("A number with two decimals at most.", code="figure-mistyped", field=name)
    return int(found)


def _errors(refusal: Refusal | None, page: Page) -> tuple[Typed, str]:
    if refusal is None:
        return Typed(), ""
    told = {_BESIDE.get(name, name): text for name, text in told_errors(refusal, page).items()}
    needed = refusal.extra.get("needed_fen")
    more = page.t.reserved_shares.needed(sum=money(needed)) if isinstance(needed, int) else ""
    if isinstance(bp := refusal.extra.get("needed_bp"), int):
        more = page.t.reserved_shares.needed(sum=percent(bp))
    beside = {name: f"{text} {more}".strip() for name, text in told.items() if name in _FIELDS}
    return Typed(beside), "" if beside else page.told(refusal)


def _new(page: Page, own: dict[str, Any], typed: Typed, refusal: Refusal | None = None) -> Response:
    errors, error = _errors(refusal, page)
    mode = own["canteen_mode"]
    return page.render(
        "reserved_share_new.html",
        status=refusal.status if refusal else 200,
        typed=typed,
        errors=errors,
        error=error,
        mode=page.t.names["canteen_mode"][mode] if mode else "",
        has_canteen=mode not in {"SHARED_MEMBER", "NONE"},
        rules=rule_lines(own["rule"], page),
        last=last_line(own, page),
        years=year_choices(),
    )


def rule_lines(rule: dict[str, Any], page: Page) -> list[tuple[str, str]]:
    """What holds there, each with its region and where it comes from."""
    t, found = page.t.reserved_shares, []
    for name in ("canteen_min", "encouraged", "union_min", "no_canteen_union_min", "union_per_head_min"):
        figure = rule[name]
        if figure is not None:
            value = money(figure["value"]) if name == "union_per_head_min" else percent(figure["value"])
            found.append((getattr(t, f"rule_{name}"), f"≥ {value}", figure))
    if rule["not_below_last_year"] is not None:
        found.append((t.rule_not_below_last_year, "", rule["not_below_last_year"]))
    lines = [
        (label, t.rule_source(value=value, source=each["source"], carried=t.carried if each["is_carried_on"] else ""))
        for label, value, each in found
    ]
    if rule["deadline_on"]:
        lines.append((t.deadline, page.day(rule["deadline_on"])))
    return lines


def last_line(found: dict[str, Any], page: Page) -> str:
    """What was locked in the year before."""
    if found["last_year_canteen_fen"] is None:
        return str(page.t.reserved_shares.last_none)
    canteen, union = found["last_year_canteen_fen"], found["last_year_union_fen"]
    return str(page.t.reserved_shares.last(canteen=money(canteen), union=money(union)))


def _typed_of_share(share: dict[str, Any]) -> Typed:
    sums = {name: f"{Decimal(share[name + '_fen']) / 100:f}" for name in _SUMS}
    texts = {name: str(share[name]) for name in ("union_member_count", "contact", "phone", "note", "revision", "year")}
    return Typed(sums | texts | {"ratio": f"{Decimal(share['ratio_bp']) / 100:f}"})


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    share_id: UUID,
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
    reason: str = "",
) -> Response:
    t, names = page.t.reserved_shares, page.t.names
    share = await services.orders.get(f"{_API}/{share_id}", visitor=visitor)
    trail = (await services.orders.get(f"{_API}/{share_id}/trail", visitor=visitor))["items"]
    row = share_row(share, page)
    errors, error = _errors(refusal if typed is not None else None, page)
    done = page.request.query_params.get("done", "")
    return page.render(
        "reserved_share.html",
        status=refusal.status if refusal else 200,
        share=row,
        url=f"{PATH}/{share_id}",
        facts=[
            (t.unit, share["unit_name"]),
            (t.parent, share["parent_name"]),
            (t.mode, row["mode_text"]),
            (t.shared_with, share["shared_with_name"]),
            (t.canteen_total, row["canteen_total"]),
            (t.ratio, row["ratio"]),
            (t.canteen_reserved, money(share["canteen_reserved_fen"])),
            (t.union_total, money(share["union_total_fen"]) if share["has_union_funds"] else t.no_union_funds),
            (t.union_member_count, share["union_member_count"]),
            (t.union_reserved, row["union_reserved"]),
            (t.reserved, row["reserved"]),
            (t.contact, f"{share['contact']} {share['phone']}".strip()),
            (t.note, share["note"]),
            (t.correction_reason, share["correction_reason"]),
        ],
        rules=rule_lines(share["rule"], page),
        last=last_line(share, page),
        returned=share["return_reason"] if share["status"] == "RETURNED" else "",
        is_replaced=bool(share["superseded_at"]),
        can_edit="edit" in share["verbs"],
        has_canteen=share["canteen_mode"] not in {"SHARED_MEMBER", "NONE"},
        has_union_funds=share["has_union_funds"],
        verbs=[
            Verb(each, names["share_verb"][each], "danger" if each == "return" else "main")
            for each in share["verbs"]
            if each in _DECISIONS
        ],
        reason=reason,
        decision_error=page.told(refusal) if refusal is not None and typed is None else "",
        revision=share["revision"],
        typed=typed or _typed_of_share(share),
        errors=errors,
        error=error,
        trail=[
            TrailEntry(
                page.time(each["done_at"]),
                names["unit_actor"][each["actor"]],
                names["share_verb"][each["verb"]],
                before=names["share_status"][each["from_status"]] if each["from_status"] else "",
                after=names["share_status"][each["to_status"]],
                reason=each["reason"],
            )
            for each in reversed(trail)
        ],
        notice={"saved": t.saved, "submitted": t.submitted, "moved": t.moved}.get(done, "") if not refusal else "",
    )
