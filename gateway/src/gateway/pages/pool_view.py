"""Shares of joint purchases and absorptions as pages show and type them: the response list, the form of a share, and
the trail."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.figures import money
from gateway.pages.list_pages import Action, Badge, Cell, Column, Empty, ListPage
from gateway.pages.parts import Head, TrailEntry
from gateway.pages.place_field import place_code
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.pages.typed_figures import whole_of
from gateway.services import Services

FUNDS: Final = ("CANTEEN", "UNION", "OTHER")
SHARE_FIELDS: Final = ("quantity", "fund", "recipient", "phone", "county_code", "detail")
_TONES: Final = {"JOINED": "leaf", "PLEDGED": "leaf", "LEFT": "clay", "GIVEN_BACK": "clay"}


def goods_name(found: Mapping[str, Any], page: Page) -> str:
    """The product with its pack."""
    return " ".join(in_language(dict(found), name, page.language) for name in ("product_title", "specification"))


def share_row(share: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """One unit's line: what it takes, how far its purchase has come, and what it accepted."""
    names, t = page.t.names, page.t.pooled
    state = Badge(names["pool_share_status"][share["status"]], _TONES[share["status"]])
    step = ""
    if share["order_stage"]:
        step = names["unit_order_stage"][share["order_stage"]]
    elif share["purchase_status"]:
        step = names["purchase_status"][share["purchase_status"]]
    elif share["problem"]:
        step = page.refusal_text(share["problem"]) or t.no_purchase
    return {
        **share,
        "state": Cell(badges=[state]),
        "step": step,
        "accepted_money": money(share["accepted_fen"]) if share["accepted_fen"] else "",
        "at": page.time(share["taken_at"]),
    }


def share_list(page: Page, *, path: str, source: str, title: str, intro: str, back: str) -> ListPage:
    """The response list (响应单) as a page and as files."""
    t = page.t.pooled
    return ListPage(
        path=path,
        source=source,
        title=title,
        intro=intro,
        actions=[Action(t.back, back)],
        has_search=False,
        row=lambda each: share_row(each, page),
        columns=[
            Column(t.unit, "unit_name"),
            Column(t.status, "state"),
            Column(t.pieces, "quantity", is_number=True),
            Column(t.step, "step"),
            Column(t.ordered, "ordered_count", is_number=True),
            Column(t.accepted, "accepted_count", is_number=True),
            Column(t.accepted_money, "accepted_money", is_number=True),
            Column(t.taken_at, "at"),
        ],
        empty=Empty(t.no_shares, t.no_shares_text),
    )


def share_heads(shown: ListPage) -> list[Head]:
    """The heads of the same list where it stands on another page."""
    return [Head(each.label, is_number=each.is_number) for each in shown.columns]


async def share_body(services: Services, page: Page, typed: Typed) -> dict[str, Any]:
    """What orders takes; `MistypedError` for what is no number, `Invalid` for a place that nobody knows."""
    return {
        "quantity": whole_of(typed, "quantity"),
        "fund": typed.fund,
        "address": {
            "recipient": typed.recipient,
            "phone": typed.phone,
            "county_code": await place_code(services, page, typed.county_code, field="county_code"),
            "detail": typed.detail,
        },
    }


def funds_of(page: Page) -> list[Choice]:
    """What pays it."""
    return [Choice(each, page.t.names["bidding_fund"][each]) for each in FUNDS]


def trail_of(trail: Mapping[str, Any], page: Page) -> list[TrailEntry]:
    """Who did what, the last deed first."""
    names = page.t.names
    return [
        TrailEntry(
            page.time(each["done_at"]),
            names["trail_actor"].get(each["actor"], each["actor"]),
            names["pool_verb"].get(each["verb"], each["verb"]),
            reason=names["pool_end"].get(each["reason"], each["reason"]),
        )
        for each in reversed(trail["items"])
    ]
