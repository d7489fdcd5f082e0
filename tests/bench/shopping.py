"""Buyers and what they send: bodies of orders over many SKUs, each for a sum that is right."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import orjson

from tests.bench.stage import Stage

ADDRESS = {"recipient": "压测收货人", "phone": "13800000000", "county_code": "110105", "detail": "压测路 1 号"}
LINES = 3


@dataclass(frozen=True)
class Basket:
    """Three SKUs with quantities, and what they cost together in fen."""

    lines: tuple[tuple[UUID, int], ...]
    payable_fen: int

    @property
    def body(self) -> bytes:
        """As POST /v1/orders takes it."""
        return orjson.dumps(
            {
                "lines": [{"sku_id": str(sku_id), "quantity": quantity} for sku_id, quantity in self.lines],
                "address": ADDRESS,
                "seen_payable_fen": self.payable_fen,
            }
        )


def a_basket(chance: random.Random, skus: Sequence[tuple[UUID, int]]) -> Basket:
    """Three different SKUs."""
    return _basket([(sku_id, price_fen, chance.randint(1, 3)) for sku_id, price_fen in chance.sample(skus, LINES)])


def a_hot_basket(chance: random.Random, skus: Sequence[tuple[UUID, int]]) -> Basket:
    """One piece of the first SKU, which everybody wants, and two others."""
    others = [(sku_id, price_fen, chance.randint(1, 3)) for sku_id, price_fen in chance.sample(skus[1:], LINES - 1)]
    return _basket([(*skus[0], 1), *others])


def _basket(chosen: Sequence[tuple[UUID, int, int]]) -> Basket:
    return Basket(
        tuple((sku_id, quantity) for sku_id, _, quantity in chosen),
        sum(price_fen * quantity for _, price_fen, quantity in chosen),
    )


async def pause_promotions(stage: Stage) -> None:
    """Every basket costs its list prices: the demo's offers have budgets, which would run out under way."""
    await stage.fetch("orders", "UPDATE promotions SET status = 'PAUSED' WHERE status = 'ACTIVE'")


async def resume_promotions(stage: Stage) -> int:
    """All that were paused run again; how many."""
    resumed = "UPDATE promotions SET status = 'ACTIVE' WHERE status = 'PAUSED' RETURNING promotion_id"
    return len(await stage.fetch("orders", resumed))


def new_key() -> dict[str, str]:
    """An Idempotency-Key header that nobody used."""
    return {"idempotency-key": uuid4().hex}
