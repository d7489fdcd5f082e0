"""Who decides for whom, and a unit's tiers of approval."""

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.account import queries as account_queries
from gateway.organisation import queries as organisation_queries
from gateway.pages.account import Choice
from gateway.pages.figures import money
from gateway.pages.listing import listing_of
from gateway.pages.parts import Head
from gateway.pages.purchase_view import FUNDS
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.pages.work import ensure_kind
from gateway.services import Services
from gateway.visitor import CheckedForm, SignedIn, Visitor
from shared.clock import business_day, utc_now
from shared.db import Read
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale
from shared.ids import new_id

router = APIRouter(default_response_class=Response)

DELEGATIONS: Final = "/work/approval-delegations"
TIERS: Final = "/work/approval-tiers"
_REFUSED: Final = (Conflict, Invalid, Stale, Forbidden)
_STEPS: Final = (1, 2)
"""A tier of this page has at most two steps; the service takes more, and then the page only shows them."""
_ROW: Final = (
    "name", "name_en", "from", "below", "categories", "duty1", "days1", "timeout1", "duty2", "days2", "timeout2",
)  # fmt: skip
_SPARE_ROWS: Final = 2
_MOST_ROWS: Final = 20
_BLANK: Final[dict[str, Any]] = {
    "name": "",
    "name_en": "",
    "from_fen": 0,
    "below_fen": None,
    "funds": [],
    "categories": [],
    "steps": [{"duty": "approver", "within_days": 3, "on_timeout": "ESCALATE"}],
}


@router.get(DELEGATIONS)
async def get_delegations(page: PageDep, services: Services, visitor: SignedIn, db: Read) -> Response:
    """Who decides for whom in the unit, and a form for a new one."""
    ensure_kind(visitor, "institution")
    return await _delegations(page, services, visitor, db)


@router.post(DELEGATIONS)
async def post_delegation(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, db: Read
) -> Response:
    """Let a colleague decide."""
    ensure_kind(visitor, "institution")
    typed = typed_of(form, "to_person_id", "starts_on", "ends_on", "reason", "key")
    colleagues = await _colleagues(db, visitor)
    body = {
        "to_person_id": typed.to_person_id or None,
        "to_name": colleagues.get(typed.to_person_id, ""),
        "from_name": visitor.display_name[:60] or "—",
        "starts_on": typed.starts_on or None,
        "ends_on": typed.ends_on or None,
        "reason": typed.reason[:300],
    }
    try:
        if typed.to_person_id not in colleagues:
            raise Invalid("Choose a colleague.", code="delegate-unknown", field="to_person_id")
        key = typed.key or str(new_id())
        await services.orders.post("/v1/approval-delegations", visitor=visitor, json=body, idempotency_key=key)
    except _REFUSED as refusal:
        return await _delegations(page, services, visitor, db, typed=typed, refusal=refusal)
    return page.go(DELEGATIONS, done="delegated")


@router.post(f"{DELEGATIONS}/{{delegation_id}}/revoke")
async def post_revoke(
    page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm, delegation_id: UUID
) -> Response:
    """End one now."""
    ensure_kind(visitor, "institution")
    key = typed_of(form, "key").key or str(new_id())
    await services.orders.post(f"/v1/approval-delegations/{delegation_id}/revoke", visitor=visitor, idempotency_key=key)
    return page.go(DELEGATIONS, done="revoked")


@router.get(TIERS)
async def get_tiers(page: PageDep, services: Services, visitor: SignedIn) -> Response:
    """The unit's tiers; its administrator writes them here."""
    ensure_kind(visitor, "institution")
    return await _tiers(page, services, visitor)


@router.post(TIERS)
async def post_tiers(page: PageDep, services: Services, visitor: SignedIn, form: CheckedForm) -> Response:
    """Write them."""
    ensure_kind(visitor, "institution")
    typed = [row for row in (_row_of(form, number) for number in range(_MOST_ROWS)) if row.name]
    match = f'"{typed_of(form, "revision").revision}"'
    try:
        body = {"tiers": [_tier(row) for row in typed]}
        await services.orders.put("/v1/approval-tiers", visitor=visitor, json=body, if_match=match)
    except _REFUSED as refusal:
        return await _tiers(page, services, visitor, typed=typed, refusal=refusal)
    return page.go(TIERS, done="saved")


async def _colleagues(db: AsyncSession, visitor: Visitor) -> dict[str, str]:
    """The other people of the visitor's unit, by id."""
    if visitor.organisation_id is None:
        return {}
    members = await organisation_queries.list_members(db, visitor.organisation_id)
    people = await account_queries.list_people(db, [each.person_id for each in members])
    return {str(each.person_id): each.display_name[:60] for each in people if each.person_id != visitor.person_id}


async def _delegations(
    page: Page,
    services: Services,
    visitor: Visitor,
    db: AsyncSession,
    *,
    typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:
    t, duties, today = page.t.buying, page.t.names["unit_duty"], business_day(utc_now()).isoformat()
    listing = listing_of(page.request, path=DELEGATIONS)
    found = await services.orders.get("/v1/approval-delegations", visitor=visitor, params=listing.params())
    colleagues = await _colleagues(db, visitor)
    done = page.request.query_params.get("done", "")

    def state_of(each: dict[str, Any]) -> tuple[str, str]:
        if each["revoked_at"] is not None:
            return str(t.revoked).rstrip("。."), ""
        if each["ends_on"] < today:
            return str(t.over), ""
        return (str(t.not_yet), "urgent") if each["starts_on"] > today else (str(t.running), "leaf")

    is_admin = "admin" in visitor.roles
    return page.render(
        "approval_delegations.html",
        status=refusal.status if refusal else 200,
        rows=[
            each
            | {
                "state": state_of(each)[0],
                "tone": state_of(each)[1],
                "duty_names": "、".join(duties[name] for name in each["duties"]),
                "days": f"{page.day(each['starts_on'])} – {page.day(each['ends_on'])}",
                "can_revoke": each["revoked_at"] is None
                and each["ends_on"] >= today
                and (is_admin or each["from_person_id"] == str(visitor.person_id)),
            }
            for each in found["items"]
        ],
        heads=[Head(t.taker), Head(t.giver), Head(t.duties), Head(t.days), Head(t.state), Head(t.why)],
        listing=listing,
        next_cursor=found.get("next_cursor"),
        can_delegate=not visitor.roles.isdisjoint({"admin", "approver", "finance"}),
        colleagues=[Choice(person_id, name) for person_id, name in colleagues.items()],
        today=today,
        typed=typed or Typed(starts_on=today, ends_on=(business_day(utc_now()) + timedelta(days=6)).isoformat()),
        error=page.told(refusal) if refusal else "",
        notice={"delegated": t.delegated, "revoked": t.revoked}.get(done, "") if not refusal else "",
    )


def _row_of(form: FormData, number: int) -> Typed:
    typed = typed_of(form, *(f"{name}-{number}" for name in _ROW))
    funds = [str(each) for each in form.getlist(f"funds-{number}") if each in FUNDS]
    return Typed({name: typed[f"{name}-{number}"] for name in _ROW} | {"funds": " ".join(funds)})


def _tier(row: Typed) -> dict[str, Any]:
    return {
        "name": row.name,
        "name_en": row.name_en,
        "from_fen": _fen(row["from"]) or 0,
        "below_fen": _fen(row.below),
        "funds": row.funds.split(),
        "categories": row.categories.split(),
        "steps": [
            {
                "duty": row[f"duty{step}"],
                "within_days": _days(row[f"days{step}"]),
                "on_timeout": row[f"timeout{step}"],
            }
            for step in _STEPS
            if row[f"duty{step}"]
        ],
    }


def _days(text: str) -> int:
    """The working days that were typed; what is no number is left to the service to refuse."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len("60") else 0


def _fen(text: str) -> int | None:
    """Yuan with at most two decimals; nothing is no limit. 422 `sum-wrong`."""
    if not text:
        return None
    try:
        fen = Decimal(text.replace(",", "")) * 100
        if fen.is_finite() and fen == fen.to_integral_value() and 0 <= fen <= 10**13:
            return int(fen)
    except InvalidOperation:
        pass
    raise Invalid("Yuan, with at most two decimals.", code="sum-wrong", field="tiers")


def _typed_row(tier: dict[str, Any]) -> Typed:
    row = Typed(
        {
            "name": tier["name"],
            "name_en": tier["name_en"],
            "from": _yuan(tier["from_fen"]) if tier["from_fen"] else "",
            "below": _yuan(tier["below_fen"]),
            "funds": " ".join(tier["funds"]),
            "categories": " ".join(tier["categories"]),
        }
    )
    for number in _STEPS:
        row |= {f"duty{number}": "", f"days{number}": "3", f"timeout{number}": "ESCALATE"}
    for number, step in enumerate(tier["steps"][: len(_STEPS)], start=1):
        row[f"duty{number}"], row[f"days{number}"] = step["duty"], str(step["within_days"])
        row[f"timeout{number}"] = step["on_timeout"]
    return row


def _yuan(fen: int | None) -> str:
    if fen is None:
        return ""
    return f"{fen // 100}" if fen % 100 == 0 else f"{fen // 100}.{fen % 100:02d}"


def _told(tier: dict[str, Any], page: Page) -> dict[str, str]:
    """A tier in words."""
    t, names = page.t.buying, page.t.names
    conditions = []
    if tier["from_fen"]:
        conditions.append(str(t.from_sum(sum=money(tier["from_fen"]))))
    if tier["below_fen"] is not None:
        conditions.append(str(t.below_sum(sum=money(tier["below_fen"]))))
    conditions += [names["buying_fund"][each] for each in tier["funds"]] + list(tier["categories"])
    steps = [
        str(t.within_days(duty=names["unit_duty"][each["duty"]], days=each["within_days"])) for each in tier["steps"]
    ]
    return {
        "name": (tier["name_en"] if page.language == "en" else "") or tier["name"],
        "condition": " · ".join(conditions) or str(t.any_condition),
        "steps": " → ".join(steps) or str(t.no_step),
    }


async def _tiers(
    page: Page,
    services: Services,
    visitor: Visitor,
    *,
    typed: list[Typed] | None = None,
    refusal: Refusal | None = None,
) -> Response:
    t, names = page.t.buying, page.t.names
    found = await services.orders.get("/v1/approval-tiers", visitor=visitor)
    rows = [_typed_row(each) for each in found["tiers"]] if typed is None else typed
    blank = _typed_row(_BLANK)
    error = "" if refusal is None else str(t.sum_wrong) if refusal.code == "sum-wrong" else page.told(refusal)
    return page.render(
        "approval_tiers.html",
        status=refusal.status if refusal else 200,
        is_default=found["is_default"],
        source=found["source"],
        revision=found["revision"],
        heads=[Head(t.tier_name), Head(t.condition), Head(t.tier_steps)],
        tiers=[_told(each, page) for each in found["tiers"]],
        can_write="admin" in visitor.roles and all(len(each["steps"]) <= len(_STEPS) for each in found["tiers"]),
        rows=(rows + [blank] * _SPARE_ROWS)[:_MOST_ROWS],
        funds=[Choice(each, names["buying_fund"][each]) for each in FUNDS],
        step_duties=[Choice(each, names["unit_duty"][each]) for each in ("approver", "finance")],
        timeouts=[Choice("ESCALATE", t.escalate), Choice("EXPIRE", t.expire)],
        error=error,
        notice=t.tiers_saved if page.request.query_params.get("done") == "saved" and not refusal else "",
    )
