"""Eligibility of origin: the rules and their versions, a trial before publishing, and the answers."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.eligibility_view import cases_of, rule_titles, titled
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.rule_text import cases_of as typed_cases
from gateway.pages.rule_text import text_of
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.village_entries import errors_of, post_tagged, trail_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import SHANGHAI, utc_now
from shared.errors import Refusal
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/eligibility"
_FIELDS: Final = ("from_on", "cases", "source", "confidence")
_VERSION_TONES: Final = {"PUBLISHED": "leaf", "DRAFT": "key", "DISCARDED": ""}


def asked_list(request: Request) -> Listing:
    """What the list of answers is asked for."""
    return listing_of(
        request, path=PATH, filters={"rule_set": None, "eligible": ("true", "false"), "county": None, "on": None}
    )


def version_view(item: dict[str, Any], page: Page) -> dict[str, Any]:
    """A version as lists and its page print it."""
    last = page.day(item["until_on"]) if item["until_on"] else page.t.linkage.open_end
    return {
        **item,
        "status_name": page.t.names["rule_status"].get(item["status"], item["status"]),
        "tone": _VERSION_TONES.get(item["status"], ""),
        "period": f"{page.day(item['from_on'])} – {last}",
        "text": text_of(item["cases"]),
    }


def rule_set_views(found: dict[str, Any], page: Page) -> list[dict[str, Any]]:
    """The rule sets with their versions."""
    return [
        {
            "code": each["code"],
            "title": titled(each, page),
            "layer": page.t.names["rule_layer"].get(each["layer"], each["layer"]),
            "versions": [version_view(version, page) for version in each["versions"]],
        }
        for each in found["items"]
    ]


def decision_view(item: dict[str, Any], titles: dict[str, str], page: Page) -> dict[str, Any]:
    """An answer as the list prints it."""
    cases = cases_of(item["reason"], page)
    return {
        **item,
        "name": (item["title_en"] if page.language == "en" else "") or item["title"],
        "rule": titles.get(item["rule_set"], item["rule_set"]),
        "hits": [case.title for case in cases if case.is_hit],
        "cases": cases,
        "since": page.day(item["valid_from_on"]),
    }


@router.get(PATH)
async def get_eligibility(page: PageDep, visitor: SignedIn, services: Services, request: Request) -> Response:
    """The rules, and the answers that hold on a day."""
    ensure_kind(visitor, "operator", "official")
    asked = asked_list(request)
    rule_sets = await services.catalog.get("/v1/eligibility-rule-sets", visitor=visitor)
    error = ""
    try:
        found = await services.catalog.get("/v1/eligibility-decisions", visitor=visitor, params=asked.params())
    except Refusal as refusal:
        found, error = {"items": []}, page.told(refusal)
    return page.render("eligibility.html", **list_context(page, visitor, asked, rule_sets, found), error=error)


def list_context(
    page: Page, visitor: Visitor, asked: Listing, rule_sets: dict[str, Any], found: dict[str, Any]
) -> dict[str, Any]:
    """What the page of rules and answers draws."""
    texts = page.t.eligibility
    titles = rule_titles(rule_sets, page)
    return {
        "listing": asked,
        "rule_sets": rule_set_views(rule_sets, page),
        "is_settled": rule_sets["is_settled"],
        "rows": [decision_view(each, titles, page) for each in found["items"]],
        "next_url": asked.next_url(found.get("next_cursor")),
        "heads": [Head(texts.product), Head(texts.rule), Head(texts.answer), Head(texts.since)],
        "filters": [
            Filter("rule_set", texts.rule, [Choice(code, title) for code, title in titles.items()], texts.any_rule),
            Filter(
                "eligible", texts.answer, [Choice("true", texts.counts), Choice("false", texts.counts_not)], texts.any
            ),
        ],
        "may_edit": visitor.kind == "operator",
    }


@router.get(PATH + ".{form}")
async def get_file(visitor: SignedIn, services: Services, request: Request, form: str) -> Response:
    """The answers as a file."""
    params = asked_list(request).export_params(format=form)
    return await download(services.catalog, visitor, "/v1/eligibility-decisions/export", params)


@router.get(PATH + "/{code}/new")
async def get_new(page: PageDep, visitor: SignedIn, services: Services, code: str) -> Response:
    """A form for the next version, beginning with the latest one's cases."""
    ensure_kind(visitor, "operator")
    found = await services.catalog.get("/v1/eligibility-rule-sets", visitor=visitor)
    latest: list[dict[str, Any]] = next((each["versions"] for each in found["items"] if each["code"] == code), [])
    typed = Typed(from_on=utc_now().astimezone(SHANGHAI).date().isoformat())
    if latest:
        typed |= {"cases": text_of(latest[0]["cases"]), "source": latest[0]["source"]}
        typed["confidence"] = latest[0]["confidence"]
    return show_form(page, typed, action=f"{PATH}/{code}/new")


def show_form(
    page: Page,
    typed: Typed,
    *,
    action: str,
    errors: dict[str, str] | None = None,
    error: str = "",
    status: int = 200,
    key: str = "",
) -> Response:
    """The form of a version."""
    names = page.t.names
    return page.render(
        "eligibility_form.html",
        status=status,
        typed=typed,
        action=action,
        errors=Typed(errors or {}),
        error=error,
        facts=list(names["origin_fact"].items()),
        operations=list(names["condition_op"].items()),
        key=key or str(new_id()),
    )


@router.post(PATH + "/{code}/new")
async def post_new(page: PageDep, visitor: SignedIn, services: Services, form: CheckedForm, code: str) -> Response:
    """Draft the next version; a refusal brings the form back as it was."""
    ensure_kind(visitor, "operator")
    typed = typed_of(form, *_FIELDS)
    typed["cases"] = str(form.get("cases", ""))
    key = str(form.get("key", "")) or str(new_id())
    try:
        body = {**typed, "cases": typed_cases(typed.cases)}
        made = await services.catalog.post(
            f"/v1/eligibility-rule-sets/{code}/versions", visitor=visitor, json=body, idempotency_key=key
        )
    except Refusal as refusal:
        errors, error = errors_of(refusal, page, fields=frozenset(_FIELDS))
        return show_form(
            page, typed, action=f"{PATH}/{code}/new", errors=errors, error=error, status=refusal.status, key=key
        )
    return page.go(f"{PATH}/versions/{made['version_id']}", done="saved")


@router.get(PATH + "/versions/{version_id}")
async def get_version(
    page: PageDep, visitor: SignedIn, services: Services, version_id: UUID, trial: str = ""
) -> Response:
    """A version; with `trial`, what it would change."""
    ensure_kind(visitor, "operator", "official")
    return await show_version(page, visitor, services, version_id, is_trial=bool(trial))


async def tried(services: Services, visitor: Visitor, version_id: UUID) -> dict[str, Any]:
    """The trial over all products, added up batch by batch; the first hundred changes are shown."""
    whole: dict[str, Any] = {"looked_at_count": 0, "gained_count": 0, "lost_count": 0, "items": []}
    cursor: str | None = None
    while True:
        part = await services.catalog.post(
            f"/v1/eligibility-versions/{version_id}/dry-run", visitor=visitor, params={"cursor": cursor}
        )
        for name in ("looked_at_count", "gained_count", "lost_count"):
            whole[name] += part[name]
        whole["items"] += part["items"][: 100 - len(whole["items"])]
        cursor = part["next_cursor"]
        if cursor is None:
            return whole


async def show_version(
    page: Page,
    visitor: Visitor,
    services: Services,
    version_id: UUID,
    *,
    is_trial: bool = False,
    error: str = "",
    reason: str = "",
    status: int = 200,
) -> Response:
    """A version's page."""
    item = await services.catalog.get(f"/v1/eligibility-versions/{version_id}", visitor=visitor)
    found = await services.catalog.get("/v1/eligibility-rule-sets", visitor=visitor)
    trial = await tried(services, visitor, version_id) if is_trial and visitor.kind == "operator" else None
    return page.render(
        "eligibility_version.html",
        status=status,
        **version_context(page, visitor, item, found, trial),
        decision_error=error,
        reason=reason,
    )


def version_context(
    page: Page, visitor: Visitor, item: dict[str, Any], rule_sets: dict[str, Any], trial: dict[str, Any] | None
) -> dict[str, Any]:
    """What a version's page draws."""
    done = page.request.query_params.get("done", "")
    return {
        "item": version_view(item, page),
        "title": rule_titles(rule_sets, page).get(item["rule_set"], item["rule_set"]),
        "cases": [
            {"title": titled(case, page), "code": case["code"], "lines": text_of([case]).splitlines()[1:]}
            for case in item["cases"]
        ],
        "trial": trial,
        "trail": trail_of(item["trail"], page, "rule_status"),
        "may_edit": visitor.kind == "operator" and item["status"] == "DRAFT",
        "notice": {"saved": page.t.linkage.saved, "moved": page.t.linkage.moved}.get(done, ""),
        "key": str(new_id()),
    }


@router.get(PATH + "/versions/{version_id}/edit")
async def get_edit(page: PageDep, visitor: SignedIn, services: Services, version_id: UUID) -> Response:
    """The form of a draft."""
    ensure_kind(visitor, "operator")
    item = await services.catalog.get(f"/v1/eligibility-versions/{version_id}", visitor=visitor)
    typed = Typed({name: item[name] for name in ("from_on", "source", "confidence")})
    typed |= {"cases": text_of(item["cases"]), "etag": str(item["revision"])}
    return show_form(page, typed, action=f"{PATH}/versions/{version_id}/edit")


@router.post(PATH + "/versions/{version_id}/edit")
async def post_edit(
    page: PageDep, visitor: SignedIn, services: Services, form: CheckedForm, version_id: UUID
) -> Response:
    """Replace a draft."""
    ensure_kind(visitor, "operator")
    typed = typed_of(form, *_FIELDS, "etag")
    typed["cases"] = str(form.get("cases", ""))
    try:
        body = {name: typed[name] for name in _FIELDS} | {"cases": typed_cases(typed.cases)}
        await services.catalog.put(
            f"/v1/eligibility-versions/{version_id}", visitor=visitor, json=body, if_match=f'"{typed.etag}"'
        )
    except Refusal as refusal:
        errors, error = errors_of(refusal, page, fields=frozenset(_FIELDS))
        action = f"{PATH}/versions/{version_id}/edit"
        return show_form(page, typed, action=action, errors=errors, error=error, status=refusal.status)
    return page.go(f"{PATH}/versions/{version_id}", done="saved")


@router.post(PATH + "/versions/{version_id}/decision")
async def post_decision(
    page: PageDep, visitor: SignedIn, services: Services, form: CheckedForm, version_id: UUID
) -> Response:
    """Publish or discard a draft."""
    ensure_kind(visitor, "operator")
    verb, reason, etag = (str(form.get(name, "")).strip() for name in ("verb", "reason", "etag"))
    verb = "publish" if verb == "publish" else "discard"
    try:
        await post_tagged(
            services,
            visitor,
            f"/v1/eligibility-versions/{version_id}/{verb}",
            etag=etag,
            json={"reason": reason[:120]} if verb == "discard" else None,
        )
    except Refusal as refusal:
        return await show_version(
            page, visitor, services, version_id, error=page.told(refusal), reason=reason, status=refusal.status
        )
    return page.go(f"{PATH}/versions/{version_id}", done="moved")
