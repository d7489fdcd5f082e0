"""A campaign's roster: files and what is wrong with them, members one by one, and the list that is made public."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.application import told_errors
from gateway.pages.desk_files import file_told
from gateway.pages.figures import money
from gateway.pages.gifts import API, PATH, REFUSED, uploaded
from gateway.pages.listing import Listing, download, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.errors import NotFound, Refusal, TooLarge
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

_OPEN: Final = frozenset({"PLAN_APPROVED", "QUOTING", "SUPPLIER_CHOSEN", "PUBLICITY"})
_MEMBER: Final = ("member_no", "name", "department", "phone", "joined_on", "standing", "handing_out", "reason")
_SECONDS: Final = 120.0


def _listing(page: Page, campaign_id: UUID) -> Listing:
    return listing_of(page.request, path=f"{PATH}/{campaign_id}/roster", filters={"is_eligible": ("true", "false")})


@router.get(f"{PATH}/{{campaign_id}}/roster")
async def get_roster(page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID) -> Response:
    """Members, the files that they came from, a form for a file and one for a member."""
    ensure_kind(visitor, "institution")
    return await _show(page, services, visitor, campaign_id)


@router.get(f"{PATH}/{{campaign_id}}/roster.{{form}}")
async def get_roster_file(
    page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID, form: str
) -> Response:
    """The roster as CSV or Excel."""
    ensure_kind(visitor, "institution")
    params = _listing(page, campaign_id).export_params(format=_format(form))
    return await download(services.orders, visitor, f"{API}/{campaign_id}/members/export", params)


@router.get(f"{PATH}/{{campaign_id}}/template.{{form}}")
async def get_template(page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID, form: str) -> Response:
    """The file to fill in."""
    ensure_kind(visitor, "institution")
    del page
    return await download(services.orders, visitor, f"{API}/{campaign_id}/roster-template", {"format": _format(form)})


@router.get(f"{PATH}/{{campaign_id}}/files/{{file_id}}.{{form}}")
async def get_corrections(
    page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID, file_id: UUID, form: str
) -> Response:
    """The rows that were not taken, to be corrected."""
    ensure_kind(visitor, "institution")
    del page
    path = f"{API}/{campaign_id}/roster-files/{file_id}/corrections"
    return await download(services.orders, visitor, path, {"format": _format(form)})


@router.post(f"{PATH}/{{campaign_id}}/roster")
async def post_roster(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, campaign_id: UUID
) -> Response:
    """Take a file in; on to what was found."""
    ensure_kind(visitor, "institution")
    try:
        name, content = await uploaded(form)
        sent = await services.orders.answer(
            "POST",
            f"{API}/{campaign_id}/roster-files",
            visitor=visitor,
            data=content,
            params={"name": name},
            headers={"Content-Type": "application/octet-stream"},
            timeout=_SECONDS,
        )
    except (*REFUSED, TooLarge) as refusal:
        return await _show(page, services, visitor, campaign_id, refusal=refusal)
    return page.go(f"{PATH}/{campaign_id}/files/{sent.json['file_id']}")


@router.get(f"{PATH}/{{campaign_id}}/files/{{file_id}}")
async def get_one_file(
    page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID, file_id: UUID
) -> Response:
    """One file: how many rows were taken, and each that was not with its sentence."""
    ensure_kind(visitor, "institution")
    path = f"{API}/{campaign_id}/roster-files"
    files = await services.orders.get(path, visitor=visitor)
    file = next((each for each in files["items"] if each["file_id"] == str(file_id)), None)
    if file is None:
        raise NotFound("There is no such file.", code="roster-file-unknown")
    listing = listing_of(page.request, path=f"{PATH}/{campaign_id}/files/{file_id}")
    params = {"cursor": listing.cursor or None, "limit": 50}
    found = await services.orders.get(f"{path}/{file_id}/errors", visitor=visitor, params=params)
    t = page.t.gifts
    return page.render(
        "gift_file.html",
        file=file,
        facts=[
            (t.rows_in_file, f"{file['row_count']:,}"),
            (t.rows_taken, f"{file['taken_count']:,}"),
            (t.rows_ineligible, f"{file['ineligible_count']:,}"),
            (t.rows_wrong, f"{file['wrong_count']:,}"),
            (t.uploaded_at, page.time(file["uploaded_at"])),
        ],
        listing=listing,
        next_cursor=found.get("next_cursor"),
        heads=[Head(t.row, is_number=True), Head(t.cell), Head(t.what_to_do)],
        rows=[
            {
                "row": each["row_number"],
                "cell": page.t.names["roster_column"][each["column_key"]],
                "sentence": each["sentence"] if page.language == "zh" else each["sentence_en"],
            }
            for each in found["items"]
        ],
        url=f"{PATH}/{campaign_id}",
    )


@router.post(f"{PATH}/{{campaign_id}}/members")
async def post_member(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, campaign_id: UUID
) -> Response:
    """One member more, or one less; a refusal brings the form back as it was."""
    ensure_kind(visitor, "institution")
    typed, key = typed_of(form, *_MEMBER, "remove"), str(form.get("key", "")) or str(new_id())
    path = f"{API}/{campaign_id}/members"
    try:
        if typed.remove:
            member_id = _uuid(typed.remove)
            await services.orders.post(f"{path}/{member_id}/remove", visitor=visitor, json={"reason": typed.reason})
            return page.go(f"{PATH}/{campaign_id}/roster", done="removed")
        body = {name: typed[name] for name in _MEMBER} | {"joined_on": typed.joined_on or None}
        await services.orders.post(path, visitor=visitor, json=body, idempotency_key=key)
    except REFUSED as refusal:
        return await _show(page, services, visitor, campaign_id, typed=typed, refusal=refusal)
    return page.go(f"{PATH}/{campaign_id}/roster", done="added")


@router.get(f"{PATH}/{{campaign_id}}/publicity")
async def get_publicity(page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID) -> Response:
    """Who gets a gift, nobody named in full; to be read by the unit's people and printed."""
    ensure_kind(visitor, "institution")
    listing, t = listing_of(page.request, path=f"{PATH}/{campaign_id}/publicity"), page.t.gifts
    item = await services.orders.get(f"{API}/{campaign_id}", visitor=visitor)
    params = {"cursor": listing.cursor or None, "limit": 100}
    found = await services.orders.get(f"{API}/{campaign_id}/publicity", visitor=visitor, params=params)
    return page.render(
        "gift_publicity.html",
        item=item,
        listing=listing,
        next_cursor=found.get("next_cursor"),
        heads=[Head(t.department), Head(t.member_name), Head(t.per_head, is_number=True)],
        rows=[each | {"standard": money(each["per_head_fen"])} for each in found["items"]],
        days=f"{page.day(item['publicity_from_on'])} – {page.day(item['publicity_until_on'])}",
        url=f"{PATH}/{campaign_id}",
    )


@router.get(f"{PATH}/{{campaign_id}}/publicity.{{form}}")
async def get_publicity_file(
    page: PageDep, services: Services, visitor: SignedIn, campaign_id: UUID, form: str
) -> Response:
    """The public list as CSV or Excel."""
    ensure_kind(visitor, "institution")
    del page
    return await download(services.orders, visitor, f"{API}/{campaign_id}/publicity/export", {"format": _format(form)})


def _format(form: str) -> str:
    return "csv" if form == "csv" else "xlsx"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("There is no such member.", code="gift-member-unknown") from error


async def _show(
    page: Page,
    services: Services,
    visitor: Visitor,
    campaign_id: UUID,
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    t, names, listing = page.t.gifts, page.t.names, _listing(page, campaign_id)
    item = await services.orders.get(f"{API}/{campaign_id}", visitor=visitor)
    members = await services.orders.get(f"{API}/{campaign_id}/members", visitor=visitor, params=listing.params())
    files = await services.orders.get(f"{API}/{campaign_id}/roster-files", visitor=visitor)
    errors: dict[str, str] = {}
    if refusal is not None and typed is not None:
        errors = {name: file_told(refusal, page) for name in told_errors(refusal, page) if name in _MEMBER}
    done = page.request.query_params.get("done", "")
    return page.render(
        "gift_roster.html",
        status=refusal.status if refusal else 200,
        error="" if errors or refusal is None else file_told(refusal, page),
        errors=Typed(errors),
        typed=typed or Typed(),
        item=item,
        url=f"{PATH}/{campaign_id}",
        can_change=item["status"] in _OPEN and not visitor.roles.isdisjoint({"union", "admin"}),
        listing=listing,
        next_cursor=members.get("next_cursor"),
        filters=[
            Filter(
                "is_eligible",
                t.eligible,
                [Choice("true", t.eligible_yes), Choice("false", t.eligible_no)],
                t.everybody,
            )
        ],
        heads=[
            Head(t.member_no),
            Head(t.member_name),
            Head(t.department),
            Head(t.member_phone),
            Head(t.eligible),
            Head(t.handing_out),
        ],
        rows=[_member(each, page) for each in members["items"]],
        files=[each | {"at": page.time(each["uploaded_at"])} for each in files["items"]],
        standings=[
            Choice(value, names["gift_standing"][value]) for value in ("", "调离", "退休", "停薪留职", "未缴会费")
        ],
        ways=[Choice(value, names["gift_way"][value]) for value in ("", "统一领取", "自选")],
        is_mixed=item["mode"] == "MIXED",
        notice={"added": t.added, "removed": t.removed}.get(done, "") if refusal is None else "",
    )


def _member(member: dict[str, Any], page: Page) -> dict[str, Any]:
    t, names = page.t.gifts, page.t.names
    return {
        **member,
        "eligible_text": t.eligible_yes if member["is_eligible"] else names["gift_ineligible"][member["reason"]],
        "tone": "leaf" if member["is_eligible"] else "clay",
        "way": names["gift_way"]["统一领取" if member["takes_whole_lot"] else "自选"],
    }
