"""The board: what a process keeps of promotions and carriage, under the revision at which the database had them so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from orders.delivery.rules import Carriage, Promise, Tariff
from orders.price.rules import Coupon, Offers, Promotion, Scope
from shared.direct import Direct, Statement

_KEPT_BOARDS = 8
_BOARD = Statement("""
    SELECT pricing_board()::text,
           (SELECT coalesce(array_agg(sku_id), '{}') FROM love_purchases WHERE status = 'OPEN') AS flagged
""")


@dataclass(frozen=True, slots=True)
class Board:
    """Active promotions in their order, carriage, and the SKUs that are flagged for love purchases."""

    promotions: tuple[Promotion, ...]
    carriage: Carriage
    flagged: frozenset[UUID]


_boards: dict[str, Board] = {}  # a revision is a random id, so it says what it says in whatever database


async def offers_of(db: AsyncSession | Direct, *, revision: str, standing: str | None) -> Offers:
    """All that may change a price: the board of this revision, read once, and what the moment told with it.

    A board that changed between the two reads is taken as it is now: saving compares what was decided on.
    """
    board = _boards.get(revision)
    if board is None:
        [[told, flagged]] = await _BOARD.rows(db, {})
        board = _keep(orjson.loads(told), frozenset(flagged))
    if standing is None:
        return Offers(promotions=board.promotions, carriage=board.carriage, flagged=board.flagged)
    found = orjson.loads(standing)
    return Offers(
        promotions=board.promotions,
        balances={UUID(key): value for key, value in (found["balances"] or {}).items()},
        takings={UUID(key): value for key, value in (found["takings"] or {}).items()},
        coupons=tuple(
            Coupon(UUID(each["coupon_id"]), UUID(each["promotion_id"]), datetime.fromisoformat(each["expires_at"]))
            for each in found["coupons"] or ()
        ),
        carriage=board.carriage,
        flagged=board.flagged,
    )


def _keep(told: dict[str, Any], flagged: frozenset[UUID]) -> Board:
    board = Board(
        tuple(sorted((promotion_of(each) for each in told["promotions"]), key=lambda each: each.rank)),
        Carriage(
            tuple(_tariff_of(each) for each in told["tariffs"]),
            tuple(
                Promise(each["from_prefix"], each["to_prefix"], each["first_days"], each["last_days"])
                for each in told["promises"]
            ),
        ),
        flagged,
    )
    while len(_boards) >= _KEPT_BOARDS:
        _boards.pop(next(iter(_boards)))
    _boards[told["revision"]] = board
    return board


def promotion_of(told: dict[str, Any]) -> Promotion:
    """A promotion as the board tells it."""
    return Promotion(
        promotion_id=UUID(told["promotion_id"]),
        revision=told["revision"],
        kind=told["kind"],
        name=told["name"],
        name_en=told["name_en"],
        starts_at=datetime.fromisoformat(told["starts_at"]),
        ends_at=datetime.fromisoformat(told["ends_at"]),
        terms=told["terms"],
        scope=get_scope(told["scope"]),
        priority=told["priority"],
        exclusive_group=told["exclusive_group"],
        person_cap=told["person_cap"],
    )


def get_scope(told: dict[str, list[str]]) -> Scope:
    """A scope as it is kept: lists that are not there name nothing."""
    return Scope(
        sku_ids=frozenset(UUID(each) for each in told.get("sku_ids", ())),
        product_ids=frozenset(UUID(each) for each in told.get("product_ids", ())),
        supplier_ids=frozenset(UUID(each) for each in told.get("supplier_ids", ())),
        categories=frozenset(told.get("categories", ())),
        designations=frozenset(told.get("designations", ())),
        counties=tuple(told.get("counties", ())),
    )


def _tariff_of(told: dict[str, Any]) -> Tariff:
    return Tariff(
        supplier_id=None if told["supplier_id"] is None else UUID(told["supplier_id"]),
        temperature_class=told["temperature_class"],
        region_prefix=told["region_prefix"],
        is_served=told["is_served"],
        first_g=told["first_g"],
        first_fen=told["first_fen"],
        step_g=told["step_g"],
        step_fen=told["step_fen"],
        free_from_fen=told["free_from_fen"],
    )
