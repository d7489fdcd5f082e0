"""Which tables each kind is written into."""

from catalog.importer.linkage_rows import LinkageRows
from catalog.importer.product_rows import ProductRows
from catalog.importer.supply_rows import SupplyRows
from catalog.importer.writer import Writer

WRITERS: dict[str, Writer] = {"linkages": LinkageRows(), "products": ProductRows(), "supply": SupplyRows()}


def writer_of(kind: str) -> Writer:
    """The writer of that kind."""
    return WRITERS[kind]
