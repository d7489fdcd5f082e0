"""Holiday gifts of a union: the list of campaigns, a plan, and one campaign with the steps that it goes through."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.application import told_errors
from gateway.pages.desk_files import file_told
from gateway.pages.gift_view import NEXT, PAPERS, STATUSES, TONES, campaign_context, row_of
from gateway.pages.list_pages import Action, Badge, Cell, Column, Empty, ListPage, add_list, choices
from gateway.pages.listing import download
from gateway.pages.parts import Filter
from gateway.pages.place_field import place_code, show_place
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.typed_figures import fen_of, whole_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import SHANGHAI, business_day, days_range, parse_instant, utc_now
from shared.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound, Refusal, Stale, TooLarge, Unsupported
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/gift-campaigns"
API: Final = "/v1/gift-campaigns"
READERS: Final = ("institution", "official", "operator")
REFUSED: Final = (BadRequest, Conflict, Forbidden, Invalid, Stale)
_MODES: Final = ("CLAIM_CODE", "WHOLE_LOT", "MIXED")
_RULES: Final = ("DEFAULT_PACKAGE", "RELEASE")
_PLAN: Final = (
    "name",
    "year",
    "per_head",
    "planned_count",
    "budget",
    "roster_cutoff_on",
    "mode",
    "publicity_from_on",
    "publicity_until_on",
    "claim_from_on",
    "claim_until_on",
    "unclaimed_rule",
    "recipient",
    "phone",
    "county_code",
    "detail",
    "revision",
)
_FIELD_OF: Final = {
    "per_head_fen": "per_head",
    "budget_fen": "budget",
    "claim_from_at": "claim_from_on",
    "claim_until_at": "claim_until_on",
    "lot_address": "recipient",
    "lot_address.recipient": "recipient",
    "lot_address.phone": "phone",
    "lot_address.county_code": "county_code",
    "lot_address.detail": "detail",
}
_SECONDS: Final = 60.0


def _campaigns(page: Page, visitor: Visitor) -> ListPage:
    """Campaigns of the visitor's unit, of units below it, or of the region."""
    t, can_add = page.t.gifts, visitor.kind == "institution"
    years = [str(business_day(utc_now()).year - back) for back in range(-1, 4)]
    add = Action(t.add, f"{PATH}/new", is_main=True)
    return ListPage(
        path=PATH,
        source=API,
        title=t.title,
        intro=t.intro,
        actions=[add] if can_add else [],
        filters=[
            choices("status", t.status, STATUSES, page.t.names["gift_status"], t.every_status),
            Filter("year", t.year, [Choice(each, each) for each in years], t.every_year),
        ],
        row=lambda each: row_of(each, page),
        columns=[
            Column(t.name, lambda each: Cell(each["name"], f"{PATH}/{each['campaign_id']}")),
            Column(t.unit, "unit_name"),
            Column(t.holidays, lambda each: f"{each['holiday_text']} {each['year']}"),
            Column(t.per_head, "per_head", is_number=True, unit=t.yuan),
            Column(t.planned, "planned", is_number=True, unit=t.people),
            Column(t.status, lambda each: Cell(badges=[Badge(each["status_text"], each["tone"])])),
            Column(t.publicity, "public", is_figures=True),
        ],
        empty=Empty(t.none, t.none_text, add.url, add.label) if can_add else Empty(t.none, t.none_here_text),
        narrowed=Empty(t.none_found, t.none_found_text, PATH, page.t.work.reset),
    )


add_list(router, PATH, READERS, _campaigns)


@router.get(f"{PATH}/new")
async def get_new(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """An empty plan with the region's figures beside it."""
    ensure_kind(visitor, "institution")
    today = business_day(utc_now())
    typed = Typed(
        year=str(today.year), mode="CLAIM_CODE", unclaimed_rule="DEFAULT_PACKAGE", roster_cutoff_on=today.isoformat()
    )
    return await _plan_form(page, services, visitor, typed, [])


@router.post(f"{PATH}/new")
async def post_new(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Begin the plan; a refusal brings the form back as it was."""
    ensure_kind(visitor, "institution")
    typed, key = typed_of(form, *_PLAN), str(form.get("key", "")) or str(new_id())
    try:
        body = await _body(services, page, typed, form)
        made = await services.orders.post(API, visitor=visitor, json=body, idempotency_key=key)
    except (*REFUSED, MistypedError) as refusal:
        return await _plan_form(page, services, visitor, typed, _holidays(form), refusal=refusal)
    return page.go(f"{PATH}/{made['campaign_id']}", done="saved")


@router.get(f"{PATH}/{{campaign_id}}")
async def get_one(page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID) -> Response:
    """A campaign: where it stands, what its next step needs, packages, papers, and who did what."""
    ensure_kind(visitor, *READERS)
    return await _show(page, services, visitor, campaign_id)


@router.get(f"{PATH}/{{campaign_id}}/plan")
async def get_plan(page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID) -> Response:
    """The plan to be changed."""
    ensure_kind(visitor, "institution")
    item = await services.orders.get(f"{API}/{campaign_id}", visitor=visitor)
    typed = _typed(item)
    await show_place(services, page, typed, "county_code")
    return await _plan_form(page, services, visitor, typed, item["holiday_codes"], campaign_id=campaign_id)


@router.post(f"{PATH}/{{campaign_id}}/plan")
async def post_plan(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, campaign_id: UUID
) -> Response:
    """Save it against the version that the form began with."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, *_PLAN)
    try:
        body = await _body(services, page, typed, form)
        await services.orders.put(f"{API}/{campaign_id}", visitor=visitor, json=body, if_match=f'"{typed.revision}"')
    except (*REFUSED, MistypedError) as refusal:
        return await _plan_form(
            page, services, visitor, typed, _holidays(form), refusal=refusal, campaign_id=campaign_id
        )
    return page.go(f"{PATH}/{campaign_id}", done="saved")


@router.post(f"{PATH}/{{campaign_id}}/move")
async def post_move(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, campaign_id: UUID
) -> Response:
    """One step further."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "verb", "reason", "revision", "key")
    if typed.verb not in {verb for verbs in NEXT.values() for verb in verbs}:
        raise NotFound("There is nothing to do under this address.", code="route-not-found")
    try:
        await services.orders.answer(
            "POST",
            f"{API}/{campaign_id}/{typed.verb}",
            visitor=visitor,
            json={"reason": typed.reason[:200]},
            headers={"idempotency-key": typed.key or str(new_id()), "if-match": f'"{typed.revision}"'},
        )
    except REFUSED as refusal:
        return await _show(page, services, visitor, campaign_id, refusal=refusal, reason=typed.reason)
    return page.go(f"{PATH}/{campaign_id}", done="moved")


@router.post(f"{PATH}/{{campaign_id}}/papers")
async def post_paper(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, campaign_id: UUID
) -> Response:
    """Attach a paper, or take one off."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "kind", "supplier_name", "amount", "counted", "remove")
    try:
        if typed.remove:
            document_id = _uuid(typed.remove)
            await services.orders.delete(f"{API}/{campaign_id}/documents/{document_id}", visitor=visitor)
            return page.go(f"{PATH}/{campaign_id}", done="saved")
        name, content = await uploaded(form)
        if typed.kind not in PAPERS:
            raise Invalid("Choose what it is.", code="paper-kind-missing", field="kind")
        params: dict[str, str | int] = {"kind": typed.kind, "name": name}
        if typed.kind == "QUOTE":
            params |= {"supplier_name": typed.supplier_name, "amount_fen": fen_of(typed, "amount")}
        if typed.kind == "GROUP":
            params |= {"counted": whole_of(typed, "counted")}
        await services.orders.answer(
            "POST",
            f"{API}/{campaign_id}/documents",
            visitor=visitor,
            data=content,
            params=params,
            headers={"Content-Type": "application/octet-stream"},
            timeout=_SECONDS,
        )
    except MistypedError:
        mistyped = Invalid("It cannot be read.", code="quote-incomplete", field="amount")
        return await _show(page, services, visitor, campaign_id, refusal=mistyped)
    except (*REFUSED, TooLarge, Unsupported) as refusal:
        return await _show(page, services, visitor, campaign_id, refusal=refusal)
    return page.go(f"{PATH}/{campaign_id}", done="saved")


@router.get(f"{PATH}/{{campaign_id}}/papers/{{document_id}}")
async def get_paper(
    page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID, document_id: UUID
) -> Response:
    """A paper's bytes."""
    ensure_kind(visitor, "institution")
    del page
    return await download(services.orders, visitor, f"{API}/{campaign_id}/documents/{document_id}", {}, accept="*/*")


async def uploaded(form: FormData) -> tuple[str, bytes]:
    """The name and the bytes of a form's file; Invalid `file-missing`."""
    given = form.get("file")
    if given is None or isinstance(given, str) or not given.filename:
        raise Invalid("Choose a file.", code="file-missing", field="file")
    name = "".join(each for each in given.filename if each.isprintable()).strip()[-60:]
    return name or "file", await given.read()


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("There is no such paper.", code="gift-document-unknown") from error


def _holidays(form: FormData) -> list[str]:
    return [each for each in form.getlist("holiday_codes") if isinstance(each, str)][:12]


def _day(typed: Typed, name: str) -> date:
    try:
        return date.fromisoformat(typed[name])
    except ValueError as error:
        raise MistypedError(name) from error


async def _body(services: Services, page: Page, typed: Typed, form: FormData) -> dict[str, Any]:
    """What orders takes: yuan as fen, days of claims as instants. MistypedError for what cannot be read."""
    days = ("roster_cutoff_on", "publicity_from_on", "publicity_until_on")
    body: dict[str, Any] = {
        "name": typed.name,
        "holiday_codes": _holidays(form),
        "year": whole_of(typed, "year"),
        "per_head_fen": fen_of(typed, "per_head"),
        "planned_count": whole_of(typed, "planned_count"),
        "budget_fen": fen_of(typed, "budget"),
        "mode": typed.mode,
        "unclaimed_rule": typed.unclaimed_rule,
        **{name: _day(typed, name).isoformat() for name in days},
    }
    if not body["holiday_codes"]:
        raise MistypedError("holiday_codes")
    if typed.mode != "WHOLE_LOT":
        first, last = _day(typed, "claim_from_on"), _day(typed, "claim_until_on")
        try:
            start, end = days_range(first, last)
        except OverflowError as error:
            raise MistypedError("claim_until_on") from error
        body |= {"claim_from_at": start.isoformat(), "claim_until_at": end.isoformat()}
    if typed.mode != "CLAIM_CODE":
        code = await place_code(services, page, typed.county_code, field="county_code")
        address = {name: typed[name] for name in ("recipient", "phone", "detail")}
        body["lot_address"] = {**address, "county_code": code}
    return body


def _typed(item: dict[str, Any]) -> Typed:
    """A campaign as its form types it."""
    address = item["lot_address"] or {}
    typed = Typed({name: str(item[name]) for name in _PLAN if name in item})
    typed["per_head"] = f"{item['per_head_fen'] / 100:.2f}"
    typed["budget"] = f"{item['budget_fen'] / 100:.2f}"
    typed.update({name: str(address.get(name, "")) for name in ("recipient", "phone", "county_code", "detail")})
    for name, shift in (("claim_from", 0), ("claim_until", 1)):
        if item[f"{name}_at"]:
            instant = parse_instant(item[f"{name}_at"])
            day = instant.astimezone(SHANGHAI).date()
            typed[f"{name}_on"] = date.fromordinal(day.toordinal() - shift).isoformat()
    return typed


async def _plan_form(
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    holidays: list[str],
    *,
    refusal: Refusal | MistypedError | None = None,
    campaign_id: UUID | None = None,
) -> Response:
    year = typed.year if typed.year.isdecimal() and 2018 <= int(typed.year[:6]) <= 2099 else None  # noqa: PLR2004
    policy = await services.orders.get(f"{API}/policy", visitor=visitor, params={"year": year})
    errors, error, status = _errors(refusal, page)
    names = page.t.names
    return page.render(
        "gift_plan.html",
        status=status,
        typed=typed,
        errors=Typed(errors),
        error=error,
        chosen=holidays,
        holidays=[Choice(each["code"], each[page.language]) for each in policy["holidays"]],
        modes=[Choice(each, names["gift_mode"][each]) for each in _MODES],
        rules=[Choice(each, names["gift_unclaimed"][each]) for each in _RULES],
        policy=policy,
        url=f"{PATH}/{campaign_id}" if campaign_id else PATH,
        campaign_id=campaign_id,
    )


def _errors(refusal: Refusal | MistypedError | None, page: Page) -> tuple[dict[str, str], str, int]:
    """By field, the sentence for the rest, and the status."""
    if refusal is None:
        return {}, "", 200
    if isinstance(refusal, MistypedError):
        return {refusal.field: page.t.gifts.mistyped}, "", 422
    errors = {_FIELD_OF.get(name, name): told for name, told in told_errors(refusal, page).items()}
    errors = {name: told for name, told in errors.items() if name in {*_PLAN, "holiday_codes"}}
    return errors, "" if errors else page.told(refusal), refusal.status


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    campaign_id: UUID,
    *,
    refusal: Refusal | None = None,
    reason: str = "",
) -> Response:
    item = await services.orders.get(f"{API}/{campaign_id}", visitor=visitor)
    trail: list[dict[str, Any]] = []
    if visitor.kind == "institution":
        try:
            trail = (await services.orders.get(f"{API}/{campaign_id}/trail", visitor=visitor))["items"]
        except NotFound:  # a unit above this one sees figures, not who did what
            trail = []
    done = page.request.query_params.get("done", "")
    t = page.t.gifts
    is_own, gaps = visitor.kind == "institution" and bool(trail), []
    if is_own and item["status"] == "FULFILLING":
        gaps = (await services.orders.get(f"{API}/{campaign_id}/gaps", visitor=visitor))["items"]
    return page.render(
        "gift_one.html",
        has_gaps=bool(gaps),
        status=refusal.status if refusal else 200,
        error=file_told(refusal, page) if refusal else "",
        reason=reason,
        tone=TONES[item["status"]],
        url=f"{PATH}/{campaign_id}",
        notice={"saved": t.saved, "moved": t.moved}.get(done, "") if refusal is None else "",
        **campaign_context(item, trail, page, is_union=is_own),
    )
