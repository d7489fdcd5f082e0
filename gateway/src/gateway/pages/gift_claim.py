"""A holiday gift for a member who has a code and no account: what to choose, where it shall go, and where it is."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.cards import in_language, picture_url
from gateway.pages.checkout import field_errors
from gateway.pages.group_buy_view import places_of
from gateway.pages.pickup_view import point_line
from gateway.pages.regions import region_choice
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import CheckedForm
from shared.errors import Conflict, Invalid, NotFound, Refusal, Stale, TooMany, Unavailable
from shared.log import logger

router = APIRouter(default_response_class=Response)

_FIELDS: Final = (
    "code",
    "package",
    "way",
    "recipient",
    "phone",
    "province",
    "city",
    "county",
    "detail",
    "point",
    "revision",
    "do",
)
_LONGEST: Final = 40
_ADDRESSED: Final = {"HOME", "PICKUP"}
_UNREAD: Final = (Invalid, NotFound, TooMany, Unavailable)

log = logger(__name__)


@router.get("/claim")
async def get_claim(page: PageDep, services: Services, code: str = "", done: str = "") -> Response:
    """A field for a code; with a code what it opens, as a link or a QR code names it."""
    if not code.strip():
        return page.render("gift_code.html", typed="", told="")
    return await _show(page, services, Typed(code=code.strip()[:_LONGEST]), notice=done == "yes")


@router.post("/claim/open")
async def post_open(page: PageDep, services: Services, form: CheckedForm) -> Response:
    """The same for a code that was typed; it does not stand in the address."""
    return await _show(page, services, Typed(code=typed_of(form, "code").code[:_LONGEST]))


@router.post("/claim/regions")
async def post_regions(page: PageDep, services: Services, form: CheckedForm) -> Response:
    """The lists of divisions that fit the choice so far, alone."""
    typed = typed_of(form, *_FIELDS)
    regions, _ = await region_choice(services, typed, page.language)
    return page.render("regions.html", typed=typed, regions=regions, errors=Typed(), regions_url="/claim/regions")


@router.post("/claim")
async def post_claim(page: PageDep, services: Services, form: CheckedForm) -> Response:
    """Look the choice over (`do=check`), then make it (`do=claim`). What is refused comes back with what was typed."""
    typed = typed_of(form, *_FIELDS)
    typed["code"] = typed.code[:_LONGEST]
    regions, county_code = await region_choice(services, typed, page.language)
    if typed.do in {"regions", "back"}:
        return await _show(page, services, typed)
    errors = _missing(typed, county_code, page, has_counties=bool(regions.counties))
    if errors:
        return await _show(page, services, typed, status=422, errors=errors)
    if typed.do != "claim":
        return await _confirm(page, services, typed, county_code)
    return await _claim(page, services, typed, county_code)


async def _claim(page: Page, services: Services, typed: Typed, county_code: str) -> Response:
    try:
        await services.orders.answer(
            "POST",
            "/v1/gift-claims/claim",
            visitor=None,
            json={"code": typed.code, "package_id": typed.package, **_goes(typed, county_code)},
            headers={**_asker(page), "If-Match": f'"{_revision(typed)}"'},
        )
    except (Conflict, Stale, Invalid) as refusal:
        if isinstance(refusal, Invalid) and refusal.code == "validation":
            return await _show(page, services, typed, status=422, errors=field_errors(refusal, page))
        if refusal.code == "region-not-served":
            return await _show(page, services, typed, status=refusal.status, error=_not_brought(refusal, page))
        return await _show(page, services, typed, status=refusal.status, error=page.told(refusal))
    except _UNREAD as refusal:
        return page.render("gift_code.html", status=refusal.status, typed=typed.code, told=page.told(refusal))
    return page.go("/claim", code=typed.code, done="yes")


def _not_brought(refusal: Refusal, page: Page) -> str:
    """What is not brought there, and what to do now: a point elsewhere may be chosen in the same form."""
    titles = [str(each["product_title"]) for each in refusal.extra.get("skus", [])]
    told: str = page.t.claiming.not_brought(goods=("、" if page.language == "zh" else ", ").join(titles))
    return told


async def _open(page: Page, services: Services, code: str) -> dict[str, Any]:
    answer = await services.orders.answer(
        "POST", "/v1/gift-claims/open", visitor=None, json={"code": code}, headers=_asker(page)
    )
    gift: dict[str, Any] = answer.json
    return gift


async def _show(
    page: Page,
    services: Services,
    typed: Typed,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    error: str = "",
    notice: bool = False,
) -> Response:
    """What the code opens, with the form as it was typed."""
    try:
        gift = await _open(page, services, typed.code)
    except _UNREAD as refusal:
        return page.render("gift_code.html", status=refusal.status, typed=typed.code, told=page.told(refusal))
    regions, county_code = await region_choice(services, typed, page.language)
    points = await _points(services, county_code, page)
    if typed.point not in {each.value for each in points}:
        typed["point"] = ""
    chosen = gift["chosen"]
    typed["package"] = typed.package or (chosen["package_id"] if chosen else "")
    typed["way"] = typed.way or (chosen["way"] if chosen else gift["ways"][0])
    return page.render(
        "gift_claim.html",
        status=status,
        gift=gift,
        packages=await _packages(page, services, gift),
        chosen=await _chosen(page, services, gift),
        holidays=_holidays(gift, page),
        until=page.time(gift["until_at"]) if gift["until_at"] else "",
        from_text=page.time(gift["from_at"]) if gift["from_at"] else "",
        parcels=[_parcel(each, page) for each in gift["parcels"]],
        ways=[Choice(each, page.t.names["gift_claim_way"][each]) for each in gift["ways"]],
        has_address=bool(_ADDRESSED & set(gift["ways"])),
        has_unit="UNIT" in gift["ways"],
        typed=typed,
        errors=Typed(errors or {}),
        regions=regions,
        regions_url="/claim/regions",
        points=points,
        error=error,
        notice=notice,
    )


async def _confirm(page: Page, services: Services, typed: Typed, county_code: str) -> Response:
    """What was chosen, once more, before it counts."""
    try:
        gift = await _open(page, services, typed.code)
    except _UNREAD as refusal:
        return page.render("gift_code.html", status=refusal.status, typed=typed.code, told=page.told(refusal))
    package = next((each for each in gift["packages"] if each["package_id"] == typed.package), None)
    points = await _points(services, county_code, page) if typed.way == "PICKUP" else []
    point = next((each for each in points if each.value == typed.point), None)
    if package is None or (typed.way == "PICKUP" and point is None):
        missing = {"package": page.t.claiming.choose_one} if package is None else {"point": page.t.claiming.choose_one}
        return await _show(page, services, typed, status=422, errors=missing)
    places = await places_of(services, [county_code] if county_code else [], page)
    t = page.t.claiming
    facts = [(t.package, package["name"]), (t.way, page.t.names["gift_claim_way"][typed.way])]
    if typed.way in _ADDRESSED:
        facts += [(page.t.checkout.recipient, typed.recipient), (page.t.checkout.phone, typed.phone)]
    if typed.way == "HOME":
        facts.append((t.address, f"{places.get(county_code, county_code)} {typed.detail}"))
    if point is not None:
        facts.append((t.point, point.label))
    hidden = [(name, typed[name]) for name in _FIELDS if name != "do"]
    return page.render("gift_confirm.html", gift=gift, facts=facts, hidden=hidden)


async def _packages(page: Page, services: Services, gift: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Packages with pictures, where the goods come from, and what they help."""
    origins = {goods["origin_county_code"] for each in gift["packages"] for goods in each["goods"]} - {""}
    places = await places_of(services, origins, page)
    names = page.t.names["designation_short"]
    chosen = gift["chosen"]["package_id"] if gift["chosen"] else ""
    return [
        {
            **each,
            "assisted": f"{each['assisted_bp'] / 100:.0f}",
            "is_open": each["is_left"] or each["package_id"] == chosen,
            "goods": [
                {
                    "title": in_language(goods, "product_title", page.language),
                    "specification": in_language(goods, "specification", page.language),
                    "quantity": goods["quantity"],
                    "picture": picture_url(goods["picture"]),
                    "origin": places.get(goods["origin_county_code"], ""),
                    "designations": [names.get(name, name) for name in goods["designations"]],
                    "supplier": goods["supplier_name"],
                }
                for goods in each["goods"]
            ],
        }
        for each in gift["packages"]
    ]


async def _chosen(page: Page, services: Services, gift: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was chosen; of the address what the service lets through."""
    chosen, t = gift["chosen"], page.t.claiming
    if chosen is None:
        return []
    places = await places_of(services, [chosen["county_code"]] if chosen["county_code"] else [], page)
    name = next(each["name"] for each in gift["packages"] if each["package_id"] == chosen["package_id"])
    place = places.get(chosen["county_code"], "")
    facts = [
        (t.package, name),
        (t.way, page.t.names["gift_claim_way"][chosen["way"]]),
        (page.t.checkout.recipient, chosen["recipient"]),
        (page.t.checkout.phone, chosen["phone"]),
        (t.address, f"{place} ****" if chosen["way"] == "HOME" else ""),
        (t.point, chosen["pickup_point_name"]),
        (t.changed_at, page.time(chosen["changed_at"])),
        (t.by, t.by_default if chosen["is_default"] else ""),
        (t.signed_at, page.time(chosen["signed_at"]) if chosen["signed_at"] else ""),
    ]
    return [each for each in facts if each[1]]


def _parcel(parcel: Mapping[str, Any], page: Page) -> dict[str, Any]:
    at = parcel["delivered_at"] or parcel["shipped_at"]
    return {
        "supplier": parcel["supplier_name"],
        "status": page.t.names["gift_parcel_status"][parcel["status"]],
        "carrier": page.t.names["carrier"].get(parcel["carrier_code"], parcel["carrier_code"]),
        "waybills": "、".join(parcel["waybill_numbers"]),
        "at": page.time(at) if at else "",
    }


def _holidays(gift: Mapping[str, Any], page: Page) -> str:
    names, mark = page.t.names["gift_holiday"], "、" if page.language == "zh" else ", "
    return mark.join(names.get(code, code) for code in gift["holiday_codes"])


async def _points(services: Services, county_code: str, page: Page) -> list[Choice]:
    """Open pickup points of the county; a claim goes on without them while logistics is silent."""
    if not county_code:
        return []
    params: dict[str, str | int] = {"region_code": county_code, "status": "OPEN", "limit": 100}
    try:
        found = await asyncio.wait_for(services.logistics.get("/v1/pickup-points", visitor=None, params=params), 5)
    except (Refusal, TimeoutError) as refusal:
        log.warning("pickup points not read", error=repr(refusal))
        return []
    return [Choice(each["pickup_point_id"], point_line(each, page)) for each in found["items"]]


def _missing(typed: Typed, county_code: str, page: Page, *, has_counties: bool) -> dict[str, str]:
    """What must be filled in and is not."""
    t = page.t.checkout
    errors = {} if typed.package else {"package": page.t.claiming.choose_one}
    if typed.way not in _ADDRESSED:
        return errors
    wanted = ("recipient", "phone", "detail") if typed.way == "HOME" else ("recipient", "phone")
    errors |= {name: t.fill_in for name in wanted if not typed[name]}
    if not typed.province:
        errors["province"] = t.choose_one
    elif not typed.city:
        errors["city"] = t.choose_one
    elif not county_code and has_counties:
        errors["county_code"] = t.choose_one
    if typed.way == "PICKUP" and county_code and not typed.point:
        errors["point"] = page.t.claiming.choose_point
    return errors


def _goes(typed: Typed, county_code: str) -> dict[str, Any]:
    whom = {"recipient": typed.recipient, "phone": typed.phone}
    if typed.way == "HOME":
        return {"address": {**whom, "county_code": county_code, "detail": typed.detail}}
    if typed.way == "PICKUP":
        return {"pickup": {**whom, "pickup_point_id": typed.point}}
    return {"at_unit": True}


def _revision(typed: Typed) -> int:
    text = typed.revision
    return int(text[:15]) if text.isascii() and text.isdigit() else 0


def _asker(page: Page) -> dict[str, str]:
    """Who asks, so that guesses are counted where they come from and not here."""
    return {"X-Forwarded-For": page.request.client.host if page.request.client else "unknown"}
