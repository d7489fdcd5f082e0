"""The kinds that there are."""

from catalog.importer.kind import Kind
from catalog.importer.linkages import LINKAGES
from catalog.importer.products import PRODUCTS
from catalog.importer.supply import SUPPLY

KINDS: dict[str, Kind] = {each.name: each for each in (PRODUCTS, SUPPLY, LINKAGES)}


def kind_named(name: str) -> Kind:
    """The kind of that name."""
    return KINDS[name]
