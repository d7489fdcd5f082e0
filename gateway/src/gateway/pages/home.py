"""The front page: what is in season, where it comes from, what is new."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.cards import cards_of, is_all_year, picture_url
from gateway.pages.figures import month_text
from gateway.pages.places import province_name
from gateway.pages.shell import Page, PageDep
from gateway.services import Services
from gateway.visitor import Language
from shared.clock import SHANGHAI, utc_now
from shared.errors import Refusal
from shared.log import logger

router = APIRouter(default_response_class=Response)
log = logger(__name__)

_SHOWN_CARDS = 8
_FRESH_SECONDS = 60.0  # what everybody sees may be this old; prices are checked again before anybody pays
_PICTURE_OF_CATEGORY = {
    "fruit": "orange",
    "vegetable": "tomato",
    "grain": "millet",
    "mushroom": "shiitake",
    "meat": "beef",
    "dried": "walnut",
    "staple": "noodles",
    "tea": "green_tea",
    "seasoning": "sauce",
    "honey": "honey",
    "dairy": "milk",
    "aquatic": "fish",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """A way into the list: a category or a province."""

    value: str
    label: str
    count: int
    picture: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that the catalog answers for."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Window:
    """What the catalog said last for the front page, the same for everybody."""

    month: int
    season: dict[str, Any]
    newest: dict[str, Any]
    pictures: dict[str, str]
    read_at: float


class WindowDresser:
    """Reads the front page's lists and keeps them for a moment. One reader at a time asks; the others wait for it."""

    def __init__(self) -> None:
        self._window: Window | None = None
        self._lock = asyncio.Lock()

    async def look(self, services: Services, now: datetime) -> Window:
        """The lists, at most a minute old; older ones if the catalog does not answer."""
        month = now.astimezone(SHANGHAI).month
        if self._is_fresh(month):
            return self._window  # type: ignore[return-value]
        async with self._lock:
            if self._is_fresh(month):
                return self._window  # type: ignore[return-value]
            try:
                self._window = await _read_window(services, month)
            except Refusal as refusal:
                if self._window is None:
                    raise
                log.warning("front page kept", code=refusal.code, detail=refusal.message)
            return self._window

    def _is_fresh(self, month: int) -> bool:
        window = self._window
        return window is not None and window.month == month and time.monotonic() - window.read_at < _FRESH_SECONDS


async def _read_window(services: Services, month: int) -> Window:
    season, newest = await asyncio.gather(
        services.catalog.get("/v1/products", visitor=None, params={"season": "now", "limit": 100}),
        services.catalog.get("/v1/products", visitor=None, params={"sort": "newest", "limit": 40, "facets": "true"}),
    )
    pictures = await _province_pictures(services, newest["facets"].get("province", []))
    return Window(month, season, newest, pictures, time.monotonic())


async def _province_pictures(services: Services, provinces: list[dict[str, Any]]) -> dict[str, str]:
    """A picture for each province: that of what is in season there, no picture twice as long as there are others."""
    asked = [
        services.catalog.get(
            "/v1/products", visitor=None, params={"province": each["value"], "season": "now", "limit": 6}
        )
        for each in provinces
    ]
    taken: set[str] = set()
    pictures: dict[str, str] = {}
    for province, found in zip(provinces, await asyncio.gather(*asked), strict=True):
        kinds = [item["picture"] for item in seasonal_first(found["items"]) if item.get("picture")]
        if kinds:
            pictures[province["value"]] = next((kind for kind in kinds if kind not in taken), kinds[0])
            taken.add(pictures[province["value"]])
    return pictures


def seasonal_first(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that have a season and are in it, before those that are there all year."""
    return sorted(items, key=lambda item: is_all_year(item["season"]))


def one_of_each_kind(items: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The first `count` items, those of a picture not seen yet before the others, so that the shelf looks varied."""
    seen: set[str] = set()
    first: list[dict[str, Any]] = []
    later: list[dict[str, Any]] = []
    for item in items:
        kind = item.get("picture") or item["product_id"]
        (later if kind in seen else first).append(item)
        seen.add(kind)
    return [*first, *later][:count]


def province_tiles(window: Window, language: Language) -> list[Tile]:
    """The provinces with most products first."""
    return [
        Tile(
            value=option["value"],
            label=province_name(option["value"], option["label"], language),
            count=option["count"],
            picture=picture_url(window.pictures[option["value"]]) if option["value"] in window.pictures else "",
        )
        for option in window.newest["facets"].get("province", [])
        if option["count"]
    ]


def category_tiles(window: Window, page: Page) -> list[Tile]:
    """The categories with most products first, each with a drawing."""
    return [
        Tile(
            value=option["value"],
            label=page.t.names["category"].get(option["value"], option["label"]),
            count=option["count"],
            picture=picture_url(_PICTURE_OF_CATEGORY.get(option["value"])),
        )
        for option in window.newest["facets"].get("category", [])
        if option["count"]
    ]


def figures_of(window: Window, page: Page) -> list[Figure]:
    """What can be counted today, and nothing that cannot."""
    total = window.newest.get("total")
    facets = window.newest["facets"]
    provinces = sum(1 for option in facets.get("province", []) if option["count"])
    by_designation = {option["value"]: option["count"] for option in facets.get("designation", [])}
    assisted = by_designation.get("assisted-832")
    are_all_assisted = assisted == total
    counted = [
        (page.t.home.figure_all_assisted if are_all_assisted else page.t.home.figure_products, total),
        (page.t.home.figure_assisted, None if are_all_assisted else assisted),
        (page.t.home.figure_provinces, provinces),
        (page.t.home.figure_key, by_designation.get("key-160")),
    ]
    return [Figure(name, f"{count:,}") for name, count in counted if count]


_dresser = WindowDresser()


@router.get("/")
async def get_home(page: PageDep, services: Services) -> Response:
    """The front page."""
    now = utc_now()
    window = await _dresser.look(services, now)
    return page.render(
        "home.html",
        month_name=month_text(window.month, page.language),
        season_cards=cards_of(one_of_each_kind(seasonal_first(window.season["items"]), _SHOWN_CARDS), page.language),
        newest_cards=cards_of(one_of_each_kind(window.newest["items"], _SHOWN_CARDS), page.language),
        categories=category_tiles(window, page),
        provinces=province_tiles(window, page.language),
        figures=figures_of(window, page),
    )
