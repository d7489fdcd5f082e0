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
from shared.errors import Invalid, NotFound

router = APIRouter(default_response_class=Response)

_LONGEST: Final = 40


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
    return page.render("trace.html", **trace_view(found, page))


def trace_view(found: dict[str, Any], page: Page) -> dict[str, Any]:
    """What the trace page prints."""
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
