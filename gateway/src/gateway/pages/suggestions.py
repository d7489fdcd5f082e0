"""What the search field suggests while one types: a piece of a page for htmx. Without it, the field just searches."""

from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.places import place_name
from gateway.pages.shell import PageDep
from gateway.services import Services
from shared.errors import Refusal

router = APIRouter(default_response_class=Response)

_LONGEST: Final = 64


@router.get("/suggestions")
async def get_suggestions(page: PageDep, services: Services, q: str = "") -> Response:
    """Links to the shelves, places and products that begin so; empty where there is nothing, or no answer in time."""
    typed = "".join(each for each in q if each.isprintable()).strip()[:_LONGEST]
    found = []
    if typed:
        try:
            answer = await services.catalog.get("/v1/suggestions", visitor=None, params={"q": typed}, timeout=1.0)
            found = answer["items"]
        except Refusal:  # a suggestion is a courtesy: nobody's typing ends in an error page
            found = []
    links = [
        (
            page.t.names["suggestion_kind"][each["kind"]],
            Choice(
                "/products?" + urlencode({each["parameter"]: each["value"]}),
                place_name(each["text"], page.language)
                if each["kind"] == "place"
                else in_language(each, "text", page.language),
            ),
        )
        for each in found
    ]
    return page.render("suggestions.html", links=links)
