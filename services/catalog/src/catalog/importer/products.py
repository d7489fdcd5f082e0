"""Products with their packs: a row is a pack; rows of one title are one product."""

from typing import Any

from catalog.importer.column import Option
from catalog.importer.kind import Kind, Values
from catalog.product import data

PRODUCT_FIELDS = (
    "title_en",
    "category",
    "origin_county_code",
    "season_from_month",
    "season_to_month",
    "shelf_life_days",
    "temperature_class",
    "grade",
    "description",
)
"""What the rows of one product must agree in."""


def _keys(values: Values) -> tuple[str, ...]:
    """The same pack of the same product twice is one too many, whatever its codes; so is the same code."""
    code, pack = values["supplier_code"], f"{values['title']}\x1f{values['specification']}"
    return (f"#{code}", pack) if code else (pack,)


def _group(values: Values) -> tuple[str, tuple[Any, ...]]:
    return values["title"], tuple(values[name] for name in PRODUCT_FIELDS)


def _categories() -> tuple[Option, ...]:
    return tuple(Option(each.id, each.zh, each.en, tuple(each.words.split())) for each in data.categories().values())


def _temperature_classes() -> tuple[Option, ...]:
    return tuple(Option(each.id, each.zh, each.en) for each in data.temperature_classes().values())


PRODUCTS = Kind(
    name="products",
    keys=_keys,
    key_columns=("supplier_code", "title", "specification"),
    group=_group,
    group_columns=PRODUCT_FIELDS,
    options={"categories": _categories, "temperature_classes": _temperature_classes},
)
