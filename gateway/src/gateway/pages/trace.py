"""The trace of a lot, for whoever scans its code: what it is, where it grew, what proves it, and whether to beware."""

from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.application import document_url
from gateway.pages.cards import picture_url
from gateway.pages.figures import weight
from gateway.pages.lots import qr_of
from gateway.pages.shell import Page, PageDep
from gateway.services import Services
from shared.errors import Invalid, NotFound, Refusal

router = APIRouter(default_response_class=Response)

_LONGEST: Final = 40
_PATIENCE_SECONDS: Final = 2.0


@router.get("/trace")
async def get_trace_form(page: PageDep, code: str = "") -> Response:
    """A field for a code, for who cannot scan."""
    if code.strip():
        return page.go(f"/trace/{quote(code.strip()[:_LONGEST], safe='')}")
    return page.render("trace_form.html", typed="", told="")


@router.get("/trace/{code}")
async def get_trace(page: PageDep, services: Services, code: str) -> Response:
    """The lot with this code; a code with a wrong character comes back in the field with a word of help."""
    try:
        found = await services.catalog.get(f"/v1/traces/{quote(code[:_LONGEST], safe='')}", visitor=None)
    except (Invalid, NotFound) as refusal:
        return page.render("trace_form.html", status=refusal.status, typed=code[:_LONGEST], told=page.told(refusal))
    return page.render("trace.html", **trace_view(found, await temperatures_of(services, found["code"]), page))


async def temperatures_of(services: Services, code: str) -> dict[str, Any] | None:
    """How cold the lot was kept on its way; None while logistics does not answer: the rest of the trace is told."""
    try:
        told: dict[str, Any] = await services.logistics.get(
            f"/v1/traces/{quote(code, safe='')}/temperatures", visitor=None, timeout=_PATIENCE_SECONDS
        )
    except Refusal:
        return None
    return told


def temperature_view(told: dict[str, Any] | None, page: Page) -> dict[str, Any]:
    """The section about temperature: a sentence, and figures where something was measured."""
    t = page.t.trace
    if told is None:
        return {"sentence": t.temperatures_unknown, "facts": [], "tone": ""}
    if not told["reading_count"]:
        return {"sentence": t.not_measured if told["parcel_count"] else t.not_sent, "facts": [], "tone": ""}
    limits, minutes = told["temperature_range"] or {}, told["out_minutes"]
    ends = [limits.get("min_c"), limits.get("max_c")]
    wanted = " – ".join(degrees(each) for each in ends if each is not None)
    if ends[0] is None and ends[1] is not None:
        wanted = t.at_most(value=wanted)
    is_judged = bool(limits) or minutes > 0
    return {
        "sentence": (t.out_of_range if minutes else t.in_range) if is_judged else t.measured,
        "tone": ("clay" if minutes else "leaf") if is_judged else "",
        "facts": [
            (t.wanted, wanted),
            (t.coldest, degrees(told["min_c"])),
            (t.warmest, degrees(told["max_c"])),
            (t.out_minutes, t.minutes(minutes) if is_judged else ""),
            (t.gap_minutes, t.minutes(told["gap_minutes"]) if told["gap_minutes"] else ""),
            (t.measured_in, t.parcels(n=f"{told['measured_count']:,}", all=f"{told['parcel_count']:,}")),
        ],
    }


def degrees(value: float) -> str:
    """A temperature with its sign: −18.0 ℃."""
    return f"{value:.1f} ℃".replace("-", "−")


def trace_view(found: dict[str, Any], told: dict[str, Any] | None, page: Page) -> dict[str, Any]:
    """What the trace page prints; `told` is the lot's temperature on its way, None if nobody knows now."""
    t, names, is_english = page.t.trace, page.t.names, page.language == "en"
    origin = found["origin"]
    place = [origin["province"], origin["city"], origin["county"], origin["village"]]
    url = f"{page.request.url.scheme}://{page.request.url.netloc}/trace/{found['code']}"
    return {
        "trace": found,
        "heading": (found["product_title_en"] if is_english else "") or found["product_title"],
        "picture": picture_url(found["picture"]),
        "qr": qr_of(url),
        "status_name": names["lot_status"].get(found["status"], found["status"]),
        "facts": [
            (t.code, found["code"]),
            (t.supplier, (found["supplier_name_en"] if is_english else "") or found["supplier_name"]),
            (t.origin, " ".join(each for each in dict.fromkeys(place) if each)),
            (t.lists, " · ".join(names["designation_short"].get(each, each) for each in origin["designations"])),
            (t.harvested_on, page.day(found["harvested_on"])),
            (
                t.packs,
                " · ".join(
                    f"{each['specification']}（{weight(each['net_weight_g'], page.language)}）"
                    for each in found["packs"]
                ),
            ),
            (t.external, found["external_trace_code"]),
        ],
        "temperature": temperature_view(told, page),
        "certificates": [
            each
            | {
                "name": names["certificate"].get(each["type"], each["type"]),
                "until": page.day(each["valid_until"]) if each["valid_until"] else "",
                "scan": document_url(each["document_id"]) if each["document_id"] else "",
            }
            for each in found["certificates"]
        ],
        "inspections": [
            each
            | {
                "issued": page.day(each["issued_on"]),
                "scan": document_url(each["document_id"]) if each["document_id"] else "",
                "names": " · ".join(item["name"] for item in each["items"]),
            }
            for each in found["inspections"]
        ],
    }
