"""What a register's form offers to choose, and what is wrong beside each field."""

import asyncio

from gateway.pages.account import Choice
from gateway.pages.places import place_name
from gateway.pages.regions import book
from gateway.pages.register_forms import Field
from gateway.pages.shell import Page
from gateway.services import Services
from gateway.visitor import Visitor
from shared.errors import Refusal


def errors_of(refusal: Refusal | None, fields: tuple[Field, ...], page: Page) -> dict[str, str]:
    """What is wrong beside each field; empty where the refusal is of the whole."""
    if refusal is None:
        return {}
    wrong = [(each["field"], "") for each in refusal.extra.get("errors") or []] or [(refusal.field or "", "")]
    names = {field.name: field.name for field in fields}
    names |= {f"{field.name}_{part}_month": field.name for field in fields for part in ("from", "to")}
    text = page.t.registers.value_wrong if refusal.code == "validation" else page.told(refusal)
    return {names[name.split(".")[0]]: str(text) for name, _ in wrong if name.split(".")[0] in names}


async def options_of(
    fields: tuple[Field, ...], page: Page, services: Services, visitor: Visitor
) -> dict[str, list[Choice]]:
    """The choices of each list that the fields name."""
    wanted = {field.options for field in fields if field.options}
    tables = {"category", "spot_kind", "health", "wish_place", "skill", "absorption", "demand_source"}
    found = {key: [Choice(*pair) for pair in page.t.names[key].items()] for key in wanted & tables}
    if "county" in wanted:
        is_typed = visitor.kind == "operator" and not visitor.regions
        found["county"] = [] if is_typed else await county_choices(services, visitor, page)
    if "scale_unit" in wanted:
        units = await services.catalog.get("/v1/scale-units", visitor=None)
        found["scale_unit"] = [Choice(each["id"], each[page.language]) for each in units["items"]]
    if "workshop" in wanted:
        found["workshop"] = await _workshops(services, visitor)
    if "spot" in wanted:
        params: dict[str, str | int] = {"status": "PUBLISHED", "limit": 100}
        if visitor.regions:
            params["region"] = visitor.regions[0]
        spots = await services.catalog.get("/v1/tourism/spots", visitor=visitor, params=params)
        found["spot"] = [Choice(each["spot_id"], each["name"]) for each in spots["items"]]
    return found


async def _workshops(services: Services, visitor: Visitor) -> list[Choice]:
    """The workshops at which an office may offer jobs; a supplier offers its own."""
    if visitor.kind == "supplier":
        return []
    found = await asyncio.gather(
        *(
            services.catalog.get("/v1/labour/workshops", visitor=visitor, params={"region": region, "limit": 100})
            for region in visitor.regions
        )
    )
    return [Choice(each["workshop_id"], each["name"]) for part in found for each in part["items"]]


async def county_choices(services: Services, visitor: Visitor, page: Page) -> list[Choice]:
    """The counties for which the visitor may enter something: those of the office's regions, or the supplier's own. An
    operator may for all: too many to list, so they are typed by name."""
    if visitor.kind == "supplier":
        own = await services.catalog.get(f"/v1/suppliers/{visitor.organisation_id}", visitor=visitor)
        regions: tuple[str, ...] = (own["county_code"],)
    else:
        regions = visitor.regions
    found = await asyncio.gather(*(_counties(services, region) for region in regions))
    return [Choice(code, place_name(name, page.language)) for part in found for code, name in part]


async def _counties(services: Services, region: str) -> list[tuple[str, str]]:
    below = await book.children(services, region)
    if not below:
        found = await services.catalog.get(f"/v1/regions/{region}", visitor=None)
        return [(found["code"], found["name"])]
    parts = await asyncio.gather(*(_counties(services, each["code"]) for each in below if each["level"] != "county"))
    return [(each["code"], each["name"]) for each in below if each["level"] == "county"] + [
        pair for part in parts for pair in part
    ]
