"""Keeping what suppliers and products are called, as the catalog last said."""

from collections.abc import Sequence
from typing import Any

from analytics.warehouse import Warehouse
from shared.events.catalog import ListedSku


async def store_names(warehouse: Warehouse, listed: Sequence[tuple[ListedSku, int]]) -> None:
    """Store the names that these events carry, each with its event's position; the latest position wins, always."""
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    for event, position in listed:
        supplier, product = str(event.supplier_id), str(event.product_id)
        for kind, identity, name, name_en in (
            ("supplier", supplier, event.supplier_name, ""),
            ("product", product, event.product_title, event.product_title_en),
        ):
            known = latest.get((kind, identity))
            if known is None or known["version"] <= position:
                latest[kind, identity] = {
                    "kind": kind,
                    "id": identity,
                    "name": name,
                    "name_en": name_en,
                    "version": position,
                }
    await warehouse.insert("names", list(latest.values()))
