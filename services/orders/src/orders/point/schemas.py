"""What routes of points take and give."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Kind = Literal["earned", "spent", "given-back", "expired", "clawed-back", "owed", "settled"]


class Ending(BaseModel):
    """Points that can be spent until `last_at` and not after."""

    model_config = ConfigDict(from_attributes=True)

    last_at: datetime
    points: int


class Rate(BaseModel):
    """How points are earned and what they are worth: points a yuan of goods, fen a point, the most that they pay of an
    order's goods (5000 is half), and the days that they last."""

    points_per_yuan: int
    worth_fen: int
    cap_bp: int
    days: int


class Points(BaseModel):
    """A person's points. `soon_points` of them expire within `soon_days`; `owed_points` are taken of the next earning,
    for a refund took back more than was there."""

    balance_points: int
    worth_fen: int
    soon_points: int
    soon_days: int
    owed_points: int
    endings: list[Ending]
    rate: Rate


class Entry(BaseModel):
    """An entry of the statement; what went out is negative. `owed` takes nothing now but of the next earning.
    `expires_at` is the end of the points that it moved."""

    model_config = ConfigDict(from_attributes=True)

    entry_id: int
    kind: Kind
    points: int
    order_id: UUID | None
    order_number: str | None
    expires_at: datetime | None
    recorded_at: datetime


class Apart(BaseModel):
    """A person whose books do not agree: counters beside the ledger's sums, and how many lots and orders differ."""

    model_config = ConfigDict(from_attributes=True)

    person_id: UUID
    counted: int
    booked: int
    in_lots: int
    owed: int
    booked_owed: int
    lots_apart: int
    orders_apart: int


class Check(BaseModel):
    """The house's books: issued less taken back, redeemed, expired, and what people have (`outstanding`) and owe. They
    balance when issued = redeemed + expired + outstanding - owed. `apart` are persons who do not agree."""

    account_count: int
    issued: int
    redeemed: int
    expired: int
    outstanding: int
    owed: int
    is_balanced: bool
    apart: list[Apart]
