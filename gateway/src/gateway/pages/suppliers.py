"""Suppliers' names in English. Orders and shipments keep the Chinese name, which is the legal one."""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from gateway.services import Services
from gateway.visitor import Language
from shared.errors import Refusal

_FRESH_SECONDS: Final = 600.0
_MOST_NAMES: Final = 5000


class SupplierBook:
    """English names by supplier id, kept for ten minutes."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[float, str]] = {}

    async def names(self, services: Services, supplier_ids: Iterable[str], language: Language) -> dict[str, str]:
        """The English names of those that have one; nothing for a reader of Chinese.

        A catalog that does not answer costs the translation only.
        """
        if language == "zh":
            return {}
        ids = list(dict.fromkeys(supplier_ids))
        now = time.monotonic()
        missing = [each for each in ids if each not in self._names or now - self._names[each][0] > _FRESH_SECONDS]
        await asyncio.gather(*(self._learn(services, each) for each in missing))
        return {each: self._names[each][1] for each in ids if each in self._names and self._names[each][1]}

    async def _learn(self, services: Services, supplier_id: str) -> None:
        try:
            found = await services.catalog.get(f"/v1/suppliers/{supplier_id}", visitor=None)
        except Refusal:
            return
        if len(self._names) >= _MOST_NAMES:
            self._names.clear()
        self._names[supplier_id] = (time.monotonic(), str(found.get("name_en") or ""))


supplier_book = SupplierBook()
