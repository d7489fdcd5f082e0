"""Reading prices."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.price import rules
from catalog.price.models import SkuPrice


@cache
def jump_bp() -> int:
    """The share of its price, in basis points, beyond which a change of it asks for a reason."""
    text = files("catalog.price").joinpath("price_rules.toml").read_text(encoding="utf-8")
    return int(tomllib.loads(text)["jump"]["jump_bp"])


async def list_prices(db: AsyncSession, sku_ids: Iterable[UUID]) -> dict[UUID, list[rules.PricePeriod]]:
    """All price periods of these SKUs, of every tier, past ones too, in order of their beginning."""
    rows = await db.execute(
        select(
            SkuPrice.sku_id,
            SkuPrice.valid_from,
            SkuPrice.valid_until,
            SkuPrice.price_fen,
            SkuPrice.is_announced,
            SkuPrice.buyer_group,
            SkuPrice.min_quantity,
        )
        .where(SkuPrice.sku_id.in_(set(sku_ids)))
        .order_by(SkuPrice.sku_id, SkuPrice.valid_from, SkuPrice.buyer_group, SkuPrice.min_quantity)
    )
    found: dict[UUID, list[rules.PricePeriod]] = defaultdict(list)
    for row in rows:
        found[row.sku_id].append(rules.PricePeriod(*row[1:]))
    return found
