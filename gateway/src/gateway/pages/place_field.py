"""A county, city or province typed by its name: offered while one types, understood when the form comes back.

The field takes a name (房县), an offer of the list behind it (房县 湖北省 十堰市 420325), or a bare code. Without
JavaScript a name that several places share is answered with those places to choose from.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.places import place_name, province_name
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed
from gateway.services import Services
from gateway.visitor import Language
from shared.errors import Invalid, Refusal

router = APIRouter(default_response_class=Response)

_CODE: Final = re.compile(r"(?<![0-9])([0-9]{6})\s*$")
_ABOVE: Final = re.compile(r"^.{1,8}?(?:特别行政区|自治区|自治州|地区|省|盟|市)[\s,，]*(?=.)")
_LONGEST: Final = 40
_OFFERED: Final = 12


def place_text(region: Mapping[str, Any], language: Language) -> str:
    """A division as the field shows it: its name first, for that is what one types; its code last, which decides."""
    name, level = str(region["name"]), region["level"]
    province, city = str(region["province"]), str(region.get("city") or "")
    if language == "zh":
        above = [province if level != "province" else "", city if level == "county" else ""]
        return " ".join(part for part in (name, *above, str(region["code"])) if part)
    own = province_name(str(region["code"]), name, "en") if level == "province" else place_name(name, "en")
    above = [
        place_name(city, "en") if level == "county" else "",
        province_name(str(region["province_code"]), province, "en") if level != "province" else "",
    ]
    told = ", ".join(part for part in (own, *above) if part)
    return f"{name} {told} {region['code']}"


async def show_place(services: Services, page: Page, typed: Typed, name: str) -> None:
    """Put the name in the place of a bare code, so that the form shows what people read."""
    code = typed.get(name, "")
    if not re.fullmatch(r"[0-9]{6}", code):
        return
    try:
        found = await services.catalog.get(f"/v1/regions/{code}", visitor=None)
    except Refusal:  # an unknown code stays as it is: the form will be refused with it
        return
    typed[name] = place_text(found, page.language)


async def place_code(services: Services, page: Page, text: str, *, field: str, is_county: bool = True) -> str:
    """The six digits of what was typed; a code is taken as it is, for the service knows them all.

    422 `place-missing`, `place-unknown`; `place-ambiguous`, and then the field offers the places to choose from.
    """
    if not text.strip():
        raise Invalid("Name the place.", code="place-missing", field=field)
    if (told := _CODE.search(text)) is not None:
        return told.group(1)
    found = await _search(services, text, is_county=is_county)
    exact = [each for each in found if text.strip().endswith(each["name"])]
    if len(chosen := exact or found) == 1:
        return str(chosen[0]["code"])
    if not chosen:
        raise Invalid("No place has this name.", code="place-unknown", field=field)
    page.place_choices[field] = [place_text(each, page.language) for each in chosen[:_OFFERED]]
    raise Invalid("Several places have this name: choose one.", code="place-ambiguous", field=field)


async def _search(services: Services, text: str, *, is_county: bool) -> list[dict[str, Any]]:
    """Divisions whose name contains the text, or what is left of it without the places above: 湖北省房县, 房县."""
    wanted = "".join(each for each in text if each.isprintable()).strip()[:_LONGEST]
    while wanted:
        found = (await services.catalog.get("/v1/regions", visitor=None, params={"q": wanted, "limit": 200}))["items"]
        found = [each for each in found if each["level"] == "county" or not is_county]
        within = [each for each in found if _is_within(each, text)]
        if found:
            return within or found
        if (shorter := _ABOVE.sub("", wanted, count=1)) == wanted:
            return []
        wanted = shorter
    return []


def _is_within(region: Mapping[str, Any], text: str) -> bool:
    """Whether the places above it are named in the text as well."""
    above = [str(region["province"]), str(region.get("city") or "")]
    return any(name and name != region["name"] and name in text for name in above)


@router.get("/work/places")
async def get_places(page: PageDep, services: Services, of: str, level: str = "county") -> Response:
    """The offers of a place's field `of`, for htmx: divisions whose names contain what was typed."""
    text = page.request.query_params.get(of, "")
    found: list[dict[str, Any]] = []
    if text.strip() and _CODE.search(text) is None:
        try:
            found = await _search(services, text, is_county=level == "county")
        except Refusal:  # an offer is a courtesy: nobody's typing ends in an error page
            found = []
    return page.render("place_offers.html", offers=[place_text(each, page.language) for each in found[:_OFFERED]])
