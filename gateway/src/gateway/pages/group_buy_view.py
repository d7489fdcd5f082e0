"""A group buy and a love purchase as pages print them: prices, progress, how long there is left."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from gateway.pages.cards import in_language, picture_url
from gateway.pages.figures import money, price
from gateway.pages.regions import place_of
from gateway.pages.shell import Page
from gateway.services import Services
from shared.clock import utc_now
from shared.errors import Refusal

TONES: Final = {"DRAFT": "", "OPEN": "urgent", "FORMED": "leaf", "FAILED": "clay", "CANCELLED": ""}
LOVE_TONES: Final = {"OPEN": "urgent", "ABSORBED": "leaf", "EXPIRED": "", "WITHDRAWN": ""}
_DAY: Final = 86_400


async def places_of(services: Services, codes: Iterable[str], page: Page) -> dict[str, str]:
    """The names of counties by code; a code that the catalog does not know stays as it is."""
    wanted = sorted(set(codes))
    found = await asyncio.gather(*(place_of(services, code, page.language) for code in wanted), return_exceptions=True)
    names = {}
    for code, name in zip(wanted, found, strict=True):
        if isinstance(name, BaseException) and not isinstance(name, Refusal):
            raise name
        names[code] = code if isinstance(name, BaseException) else name
    return names


def left_text(closes_at: str, page: Page, *, now: datetime | None = None) -> str:
    """How long there is left, in the two largest units; empty when it is over."""
    seconds = int((datetime.fromisoformat(closes_at) - (now or utc_now())).total_seconds())
    if seconds <= 0:
        return ""
    t = page.t.group_buys
    if seconds >= _DAY:
        return str(t.left_days(days=seconds // _DAY, hours=seconds % _DAY // 3600))
    if seconds >= 3600:  # noqa: PLR2004 - an hour
        return str(t.left_hours(hours=seconds // 3600, minutes=seconds % 3600 // 60))
    return str(t.left_minutes(minutes=max(1, seconds // 60)))


def group_view(group: dict[str, Any], page: Page, places: dict[str, str]) -> dict[str, Any]:
    """A group buy for cards, its page and the desk."""
    t, is_over = page.t.group_buys, group["status"] in {"FAILED", "CANCELLED"}
    paid = group["reached_count"] if is_over and group["reached_count"] is not None else group["paid_count"]
    missing = max(0, group["min_count"] - paid)
    told = page.t.names["group_buy_status"][group["status"]]
    if group["status"] == "OPEN" and not group["is_joinable"]:
        told = t.full if left_text(group["closes_at"], page) else t.ending
    return {
        "group_buy_id": group["group_buy_id"],
        "url": f"/group-buys/{group['group_buy_id']}",
        "desk_url": f"/work/group-buys/{group['group_buy_id']}",
        "product_url": f"/products/{group['product_id']}",
        "title": in_language(group, "title", page.language),
        "product": in_language(group, "product_title", page.language),
        "specification": in_language(group, "specification", page.language),
        "picture": picture_url(group["picture"]),
        "supplier": group["supplier_name"],
        "place": places.get(group["origin_county_code"], group["origin_county_code"]),
        "price": price(group["price_fen"]),
        "price_text": money(group["price_fen"]),
        "list_price": money(group["list_price_fen"]),
        "status": told,
        "tone": TONES[group["status"]],
        "is_joinable": group["is_joinable"],
        "is_formed": group["status"] == "FORMED",
        "paid": paid,
        "taken": group["taken_count"],
        "minimum": group["min_count"],
        "maximum": group["max_count"],
        "cap": group["person_cap"],
        "missing": t.missing(n=missing) if missing and not is_over else "",
        "progress": t.progress(paid=paid, minimum=group["min_count"]),
        "closes": page.time(group["closes_at"]),
        "left": left_text(group["closes_at"], page),
    }


def love_view(flagged: dict[str, Any], page: Page, places: dict[str, str]) -> dict[str, Any]:
    """A love purchase for cards and the desk."""
    return {
        "love_purchase_id": flagged["love_purchase_id"],
        "desk_url": f"/work/love-purchases/{flagged['love_purchase_id']}",
        "product_url": f"/products/{flagged['product_id']}",
        "sku_id": flagged["sku_id"],
        "title": in_language(flagged, "product_title", page.language),
        "specification": in_language(flagged, "specification", page.language),
        "picture": picture_url(flagged["picture"]),
        "supplier": flagged["supplier_name"],
        "place": places.get(flagged["county_code"], flagged["county_code"]),
        "price": price(flagged["price_fen"]),
        "reason": in_language(flagged, "reason", page.language),
        "source": flagged["source"],
        "status": page.t.names["love_purchase_status"][flagged["status"]],
        "tone": LOVE_TONES[flagged["status"]],
        "can_buy": flagged["status"] == "OPEN" and flagged["is_listed"],
        "target": flagged["target_count"],
        "absorbed": flagged["absorbed_count"],
        "progress": page.t.love.progress(absorbed=flagged["absorbed_count"], target=flagged["target_count"]),
        "closes": page.time(flagged["closes_at"]),
        "left": left_text(flagged["closes_at"], page) if flagged["status"] == "OPEN" else "",
    }
