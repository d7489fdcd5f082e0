"""Forms of records: their fields, what they say to the service, and the files that go with them."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.datastructures import FormData, UploadFile

from gateway.pages.account import Choice
from gateway.pages.place_field import place_code
from gateway.pages.shell import Page
from gateway.services import Services
from gateway.visitor import Visitor
from shared.errors import Invalid


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form. `kind`: line, area, day, number, yuan, flag, county or place (typed by name), or choice (then
    `choices` names a table of `t.names`), supplier or product (chosen from the services' lists)."""

    name: str
    kind: str = "line"
    choices: str = ""
    is_required: bool = True


def label(page: Page, name: str) -> str:
    """The label of a field or column."""
    return page.t.names["record_field"].get(name, name)


def body_of(fields: tuple[Field, ...], form: FormData) -> dict[str, Any]:
    """What a form says, as the service takes it; an empty field that may be empty is left out."""
    body: dict[str, Any] = {}
    for each in fields:
        text = str(form.get(each.name, "")).strip()
        if each.kind == "file":
            continue
        if each.kind == "categories":
            body[each.name] = [str(value) for value in form.getlist(each.name)]
        elif each.kind == "flag":
            body[each.name] = text == "yes"
        elif not text and not each.is_required:
            continue
        elif each.kind in ("number", "yuan"):
            body[each.name] = _number(text, each)
        else:
            body[each.name] = text
    return body


async def find_places(page: Page, services: Services, fields: tuple[Field, ...], body: dict[str, Any]) -> None:
    """Put the codes of counties and other places where their names were typed."""
    for each in fields:
        if each.kind in ("county", "place") and each.name in body:
            is_county = each.kind == "county"
            body[each.name] = await place_code(services, page, body[each.name], field=each.name, is_county=is_county)


async def keep_files(
    services: Services, visitor: Visitor, fields: tuple[Field, ...], form: FormData, body: dict[str, Any]
) -> None:
    """Store the files of a form as documents of the visitor's organisation, and name them in the body."""
    for each in fields:
        if each.kind != "file":
            continue
        kept = []
        for file in form.getlist(each.name):
            if isinstance(file, UploadFile) and file.filename:
                supplier = await services.catalog.get(f"/v1/suppliers/{visitor.organisation_id}", visitor=visitor)
                answer = await services.catalog.answer(
                    "POST",
                    "/v1/documents",
                    visitor=visitor,
                    data=await file.read(),
                    params={"name": file.filename[:100], "county_code": supplier["county_code"]},
                    headers={"Content-Type": file.content_type or "application/octet-stream"},
                )
                kept.append(answer.json["document_id"])
        body[each.name] = kept


def _number(text: str, asked: Field) -> int:
    try:
        number = Decimal(text.replace(",", "").replace("，", "")) * (100 if asked.kind == "yuan" else 1)
    except InvalidOperation as error:
        raise Invalid("Type a number.", code="number-invalid", field=asked.name) from error
    if number != number.to_integral_value():
        raise Invalid("Type a number.", code="number-invalid", field=asked.name)
    return int(number)


async def drawn_fields(
    page: Page, services: Services, visitor: Visitor, fields: tuple[Field, ...]
) -> list[dict[str, Any]]:
    """The fields with their labels, and the options of those that choose."""
    drawn = []
    for each in fields:
        options: list[Choice] = []
        if each.kind == "supplier":
            params = {"limit": 100, "county": _county(visitor)}
            found = await services.catalog.get("/v1/suppliers", visitor=visitor, params=params)
            options = [Choice(item["supplier_id"], item["name"]) for item in found["items"]]
        elif each.kind == "product":
            params = {"limit": 100, "supplier_id": None}
            found = await services.catalog.get("/v1/own-products", visitor=visitor, params=params)
            options = [Choice(item["product_id"], item["title"]) for item in found["items"]]
        elif each.kind in ("choice", "categories"):
            options = [Choice(*pair) for pair in page.t.names[each.choices].items()]
        drawn.append({"field": each, "label": label(page, each.name), "options": options})
    return drawn


def _county(visitor: Visitor) -> str | None:
    """The one county that the visitor is an official of."""
    regions = visitor.regions
    return regions[0] if len(regions) == 1 and not regions[0].endswith("00") else None
