"""The supply register: a row is one product of one village or enterprise in one year."""

from collections.abc import Iterable
from decimal import Decimal

from catalog.importer.column import Option
from catalog.importer.kind import Fault, Kind, Values
from catalog.product import data as product_data
from catalog.supply import data, rules
from shared.errors import Invalid

KEY = ("county_code", "township", "village", "enterprise", "product_name", "year")
_NAMES = ("township", "village", "enterprise", "product_name", "operator_name")


def _keys(values: Values) -> tuple[str, ...]:
    return ("\x1f".join(str(values[name]) for name in KEY),)


def _check(values: Values) -> Iterable[Fault]:
    given = values.pop("scale_unit_given", None)
    values["scale_unit"] = values["scale_unit"] or given
    if values["scale_unit"] is None:
        return [("scale_value", "scale-unit-missing", {})]
    for name in _NAMES:
        values[name] = rules.plain(values[name])
    try:
        rules.ensure_possible(
            {**values, "scale_value": Decimal(values["scale_value"])},
            categories=product_data.categories(),
            units=data.scale_units(),
        )
    except Invalid as refusal:
        return [(refusal.field or "product_name", refusal.code, {})]
    return ()


def _scale_units() -> tuple[Option, ...]:
    return tuple(Option(each.id, each.zh, each.en) for each in data.scale_units().values())


def _categories() -> tuple[Option, ...]:
    return tuple(
        Option(each.id, each.zh, each.en, tuple(each.words.split())) for each in product_data.categories().values()
    )


SUPPLY = Kind(
    name="supply",
    keys=_keys,
    key_columns=KEY,
    check=_check,
    options={"scale_units": _scale_units, "categories": _categories},
)
