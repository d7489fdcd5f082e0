"""What codes and ids are called, in the reader's language."""

from collections.abc import Iterable

from analytics.metric.rules import DIMENSIONS, NAMES, Kind, Words
from analytics.regions import region_names
from analytics.warehouse import Warehouse

_NAMES = "SELECT id, name, name_en FROM names FINAL WHERE kind = {kind:String} AND id IN {ids:Array(UUID)}"
_KEPT = 50_000


class NameBook:
    """Names of suppliers and products, kept until the catalog says anything new (`position` is its feed's)."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._regions = {code: Words(name, name) for code, name in region_names().items()}
        self._position = ""
        self._known: dict[tuple[str, str], Words] = {}

    async def list_names(self, dimension: str, values: Iterable[str], *, position: str) -> dict[str, Words]:
        """What each value is called; itself where nobody has named it."""
        wanted = set(values)
        if DIMENSIONS[dimension].kind is Kind.REGION:
            return {value: self._regions.get(value) or Words(value, value) for value in wanted}
        if DIMENSIONS[dimension].kind is Kind.CODE:
            book = NAMES.get(dimension, {})
            return {value: book.get(value, Words(value, value)) for value in wanted}
        return await self._list_entities(dimension, wanted, position=position)

    async def _list_entities(self, kind: str, wanted: set[str], *, position: str) -> dict[str, Words]:
        if position != self._position or len(self._known) > _KEPT:
            self._known, self._position = {}, position
        known = self._known
        missing = sorted(value for value in wanted if (kind, value) not in known)
        if missing:
            for identity, name, name_en in await self._warehouse.read(_NAMES, {"kind": kind, "ids": missing}):
                known[kind, identity] = Words(name, name_en or name)
            for value in missing:
                known.setdefault((kind, value), Words(value, value))
        return {value: known[kind, value] for value in wanted}
