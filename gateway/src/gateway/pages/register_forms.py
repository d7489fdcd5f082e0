"""The registers' forms: which fields each has, what was typed turned into what the catalog takes, and back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from starlette.datastructures import FormData

from gateway.pages.typed import Typed
from shared.errors import Invalid

GRAMS: Final = {"t": 1_000_000, "kg": 1_000, "jin": 500}
"""Weights are entered in tonnes, kilograms or 斤 (500 g)."""

_FEN: Final = 100
_METRES: Final = 1000
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form. Its label is `names.register_field[<name>]`; `options` names a list of choices.

    kinds: text, prose, whole, decimal, weight (number and unit, sent as grams), yuan (sent as fen), km (sent as
    metres), day, choice, choices, months (sent as two fields), check.
    """

    name: str
    kind: str = "text"
    is_required: bool = False
    options: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A form and where it is sent."""

    path: str
    fields: tuple[Field, ...]


_PLACE = (
    Field("county_code", "choice", is_required=True, options="county"),
    Field("township", is_required=True),
    Field("village", is_required=True),
)
_ANY_HOLDER = (_PLACE[0], _PLACE[1], Field("village"))

FORMS: Final[dict[str, Form]] = {
    "supply": Form(
        "/v1/supply-entries",
        (
            *_ANY_HOLDER,
            Field("enterprise"),
            Field("product_name", is_required=True),
            Field("category", "choice", is_required=True, options="category"),
            Field("year", "whole", is_required=True),
            Field("scale_value", "decimal", is_required=True),
            Field("scale_unit", "choice", is_required=True, options="scale_unit"),
            Field("yearly_output_g", "weight", is_required=True),
            Field("season", "months", is_required=True),
            Field("price_from_fen", "yuan", is_required=True, unit="jin"),
            Field("price_to_fen", "yuan", is_required=True, unit="jin"),
            Field("operator_name"),
            Field("contact"),
            Field("is_contact_public", "check"),
            Field("expected_persons_count", "whole"),
        ),
    ),
    "survey": Form(
        "/v1/survey-reports",
        (
            *_PLACE,
            Field("product_name", is_required=True),
            Field("category", "choice", is_required=True, options="category"),
            Field("quantity_g", "weight", is_required=True),
            Field("until_on", "day", is_required=True),
            Field("office_name", is_required=True),
            Field("note"),
        ),
    ),
    "spots": Form(
        "/v1/tourism/spots",
        (
            *_PLACE,
            Field("kind", "choice", is_required=True, options="spot_kind"),
            Field("name", is_required=True),
            Field("name_en"),
            Field("description", "prose"),
            Field("description_en", "prose"),
            Field("open", "months", is_required=True),
            Field("opening"),
            Field("contact_phone"),
        ),
    ),
    "routes": Form(
        "/v1/tourism/routes",
        (
            _PLACE[0],
            Field("name", is_required=True),
            Field("name_en"),
            Field("description", "prose"),
            Field("description_en", "prose"),
            Field("day_count", "whole", is_required=True),
            Field("distance_m", "km", is_required=True),
            Field("spot_ids", "choices", is_required=True, options="spot"),
        ),
    ),
    "workers": Form(
        "/v1/labour/workers",
        (
            Field("identity_number", is_required=True),
            *_PLACE,
            Field("health", "choice", is_required=True, options="health"),
            Field("skills", "choices", options="skill"),
            Field("wish_place", "choice", is_required=True, options="wish_place"),
            Field("wish_skills", "choices", options="skill"),
            Field("wage_from_fen", "yuan", is_required=True, unit="month"),
        ),
    ),
    "workshops": Form(
        "/v1/labour/workshops",
        (
            *_PLACE,
            Field("name", is_required=True),
            Field("work", is_required=True),
            Field("place_count", "whole", is_required=True),
        ),
    ),
    "jobs": Form(
        "/v1/labour/jobs",
        (
            Field("workshop_id", "choice", options="workshop"),
            Field("employer_name"),
            _PLACE[0],
            Field("township"),
            Field("village"),
            Field("title", is_required=True),
            Field("skills", "choices", options="skill"),
            Field("accepts", "choices", is_required=True, options="health"),
            Field("wage_from_fen", "yuan", is_required=True, unit="month"),
            Field("wage_to_fen", "yuan", is_required=True, unit="month"),
            Field("place_count", "whole", is_required=True),
            Field("until_on", "day", is_required=True),
        ),
    ),
    "fairs": Form(
        "/v1/fairs",
        (
            _PLACE[0],
            Field("venue", is_required=True),
            Field("name", is_required=True),
            Field("name_en"),
            Field("description", "prose"),
            Field("description_en", "prose"),
            Field("organiser", is_required=True),
            Field("from_on", "day", is_required=True),
            Field("until_on", "day", is_required=True),
        ),
    ),
}

DEEDS: Final[dict[str, Form]] = {
    "record-sales": Form("record-sales", (Field("sold_g", "weight", is_required=True),)),
    "take-off": Form(
        "take-off",
        (
            Field("kind", "choice", is_required=True, options="absorption"),
            Field("quantity_g", "weight", is_required=True),
            Field("buyer_name"),
            Field("happened_on", "day", is_required=True),
        ),
    ),
    "participants": Form("participants", (Field("name", is_required=True), Field("booth"))),
    "deals": Form(
        "deals",
        (
            Field("participant_id", "choice", is_required=True, options="participant"),
            Field("buyer_name", is_required=True),
            Field("product_name", is_required=True),
            Field("quantity_g", "weight", is_required=True),
            Field("amount_fen", "yuan", is_required=True),
            Field("agreed_on", "day", is_required=True),
        ),
    ),
}
"""Small forms on an entry's own page; the path is below the entry's."""


def parts_of(field: Field) -> tuple[str, ...]:
    """The names under which a field comes from the browser."""
    if field.kind == "weight":
        return field.name, f"{field.name}_unit"
    if field.kind == "months":
        return f"{field.name}_from", f"{field.name}_to"
    return (field.name,)


def typed_of(form: FormData, fields: Iterable[Field]) -> tuple[Typed, dict[str, list[str]]]:
    """What was typed: single texts, and lists of what was ticked."""
    typed, ticked = Typed(), dict[str, list[str]]()
    for field in fields:
        if field.kind == "choices":
            ticked[field.name] = [str(each)[:_LONGEST] for each in form.getlist(field.name)]
            continue
        for name in parts_of(field):
            value = form.get(name, "")
            typed[name] = value.strip()[:_LONGEST] if isinstance(value, str) else ""
    return typed, ticked


def body_of(fields: Iterable[Field], typed: Typed, ticked: Mapping[str, list[str]]) -> dict[str, Any]:
    """What the catalog takes; 422 `number-invalid` or `field-missing` names the field that was typed wrong."""
    body: dict[str, Any] = {}
    for field in fields:
        if field.kind == "choices":
            body[field.name] = ticked.get(field.name, [])
        elif field.kind == "check":
            body[field.name] = bool(typed[field.name])
        elif field.kind == "months":
            first, last = (typed[name] for name in parts_of(field))
            if not first or not last:
                raise _missing(field)
            body |= {f"{field.name}_from_month": int(first), f"{field.name}_to_month": int(last)}
        else:
            value = typed.get(field.name, "")
            if not value and field.is_required:
                raise _missing(field)
            if value or field.kind in {"text", "prose"}:
                body[field.name] = _sent(field, value, typed)
    return body


def _sent(field: Field, value: str, typed: Typed) -> Any:
    if field.kind == "weight":
        return _number(field, value, GRAMS.get(typed.get(f"{field.name}_unit", ""), GRAMS["jin"]))
    if field.kind == "yuan":
        return _number(field, value, _FEN)
    if field.kind == "km":
        return _number(field, value, _METRES)
    if field.kind == "whole":
        return _number(field, value, 1)
    return str(_decimal(field, value)) if field.kind == "decimal" else value


def _decimal(field: Field, value: str) -> Decimal:
    try:
        number = Decimal(value.replace(",", "").replace("，", ""))
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number < 0:
        raise Invalid("This is no number.", code="number-invalid", field=field.name)
    return number


def _number(field: Field, value: str, times: int) -> int:
    number = _decimal(field, value) * times
    if number != number.to_integral_value() or number > 10**15:
        raise Invalid("This number has too many digits.", code="number-invalid", field=field.name)
    return int(number)


def _missing(field: Field) -> Invalid:
    return Invalid("Fill this in.", code="field-missing", field=field.name)


def typed_from(fields: Iterable[Field], item: Mapping[str, Any]) -> tuple[Typed, dict[str, list[str]]]:
    """An entry as it would have been typed, to be edited."""
    typed, ticked = Typed(), dict[str, list[str]]()
    for field in fields:
        if field.kind == "choices":
            known = item.get(field.name) or [each["spot_id"] for each in item.get("spots", [])]
            ticked[field.name] = [str(each) for each in known]
        elif field.kind == "months":
            for part, name in zip(("from", "to"), parts_of(field), strict=True):
                typed[name] = str(item[f"{field.name}_{part}_month"])
        elif field.kind == "weight":
            typed[field.name], typed[f"{field.name}_unit"] = weight_typed(int(item[field.name]))
        elif field.kind in {"yuan", "km"}:
            times = _FEN if field.kind == "yuan" else _METRES
            typed[field.name] = f"{Decimal(int(item[field.name])) / times:f}"
        elif field.kind == "check":
            typed[field.name] = "on" if item.get(field.name) else ""
        else:
            value = item.get(field.name)
            typed[field.name] = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return typed, ticked


def weight_typed(grams: int) -> tuple[str, str]:
    """A weight as somebody would type it: the largest unit that leaves no more than three decimals."""
    for unit, size in GRAMS.items():
        if grams * _METRES % size == 0 and grams >= size:
            return f"{Decimal(grams) / size:f}", unit
    return f"{Decimal(grams) / GRAMS['jin']:f}", "jin"
