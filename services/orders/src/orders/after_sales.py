"""What claims, returns and exchanges have in common: the goods that they are about, whose affair they are, their
lists."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, DateTime, ForeignKey, Text, and_, func, inspect, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from orders.line_refund.rules import Answer, SoldLine
from shared.auth import Caller
from shared.clock import parse_instant, utc_now
from shared.db import Database
from shared.errors import BadRequest
from shared.events.aftercare import AfterSalesAnswered
from shared.outbox import publish
from shared.page import decode_cursor, encode_cursor

Side = Literal["buyer", "supplier", "operator"]
Sort = Literal["-opened", "due"]
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_BATCH = 500
_COPIED = (
    "order_id", "order_number", "supplier_order_id", "line_id", "supplier_id", "buyer_id", "product_id",
    "product_title", "product_title_en", "specification", "picture", "delivered_at",
)  # fmt: skip


class SoldGoods:
    """The line that it is about, as it was sold, and where it stands: columns of every such table. `due_at` is by when
    whoever's turn it is must act."""

    order_id: Mapped[UUID]
    order_number: Mapped[str] = mapped_column(Text)
    supplier_order_id: Mapped[UUID]
    line_id: Mapped[UUID] = mapped_column(ForeignKey("line_balances.line_id"))
    supplier_id: Mapped[UUID]
    buyer_id: Mapped[UUID]
    product_id: Mapped[UUID]
    product_title: Mapped[str] = mapped_column(Text)
    product_title_en: Mapped[str] = mapped_column(Text)
    specification: Mapped[str] = mapped_column(Text)
    picture: Mapped[str] = mapped_column(Text)
    delivered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    status: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


Noun = TypeVar("Noun", bound=SoldGoods)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to. `mine` are the caller's own as a buyer, even where it sells or runs the market."""

    status: tuple[str, ...] = ()
    order_id: UUID | None = None
    supplier_id: UUID | None = None
    wanted: str = ""
    overdue_at: datetime | None = None
    mine: bool = False


def _filters(
    order_id: UUID | None = None,
    supplier_id: UUID | None = None,
    q: Annotated[
        str, Query(max_length=100, pattern=r"^[^\x00]*$", description="Part of an order number or title.")
    ] = "",
    *,
    is_overdue: bool = False,
    mine: Annotated[bool, Query(description="Only what the caller bought.")] = False,
) -> Filters:
    overdue_at = utc_now() if is_overdue else None
    return Filters((), order_id, supplier_id, q.strip(), overdue_at, mine)


Narrowed = Annotated[Filters, Depends(_filters)]
"""What every list and its export are asked for, besides the states, which each noun has of its own."""


def goods_of(line: SoldLine) -> dict[str, Any]:
    """The columns of `SoldGoods` for a line."""
    return {name: getattr(line, name) for name in _COPIED}


def side_of(subject: SoldGoods, caller: Caller) -> Side:
    """On which side the caller stands: who bought it decides nothing about it, whatever else they are."""
    if subject.buyer_id == caller.person_id:
        return "buyer"
    return "operator" if caller.is_operator else "supplier"


async def tell_answer(
    db: AsyncSession,
    subject: SoldGoods,
    kind: Literal["claim", "return", "exchange"],
    subject_id: UUID,
    answer: Answer,
    *,
    reason: str,
    now: datetime,
) -> None:
    """The buyer learns what was decided. Publishes AfterSalesAnswered."""
    event = AfterSalesAnswered(
        subject_id=subject_id,
        kind=kind,
        answer=answer,
        reason=reason,
        order_id=subject.order_id,
        order_number=subject.order_number,
        supplier_order_id=subject.supplier_order_id,
        supplier_id=subject.supplier_id,
        buyer_id=subject.buyer_id,
        product_id=subject.product_id,
        product_title=subject.product_title,
        product_title_en=subject.product_title_en,
        answered_at=now,
    )
    await publish(db, event, now=now)


def visible(noun: type[SoldGoods], caller: Caller, *, mine: bool = False) -> ColumnElement[bool]:
    """Its buyer's, its supplier's and operators'; with `mine` only what the caller bought. For anybody else it does not
    exist."""
    own = noun.buyer_id == caller.person_id
    if mine:
        return own
    if caller.is_operator:
        return true()
    if caller.kind == "supplier" and caller.organisation_id is not None:
        return or_(own, noun.supplier_id == caller.organisation_id)
    return own


def place_of(cursor: str | None) -> tuple[datetime, UUID] | None:
    """Where a list goes on: an instant and an id. 400 `cursor-invalid`."""
    if cursor is None:
        return None
    values = decode_cursor(cursor, size=2)
    try:
        return parse_instant(str(values[0])), UUID(str(values[1]))
    except ValueError as error:
        raise BadRequest(
            "The cursor is not one of ours. Start again without it.", code="cursor-invalid", field="cursor"
        ) from error


def cursor_of(subject: SoldGoods, sort: Sort) -> str:
    """The place of one in its list."""
    instant, subject_id = _sort_key(subject, sort)
    return encode_cursor(instant.isoformat(), str(subject_id))


async def list_page(
    db: AsyncSession,
    noun: type[Noun],
    caller: Caller,
    filters: Filters,
    *,
    sort: Sort,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Noun]:
    """A page and one more, latest first, or by whose turn ends soonest (what waits for nobody comes last)."""
    key = inspect(noun).primary_key[0]
    chosen = select(noun).where(visible(noun, caller, mine=filters.mine), *_conditions(noun, filters))
    if sort == "due":
        due = func.coalesce(noun.due_at, _NEVER)
        if after is not None:
            chosen = chosen.where(or_(due > after[0], and_(due == after[0], key > after[1])))
        chosen = chosen.order_by(due, key)
    else:
        if after is not None:
            chosen = chosen.where(tuple_(noun.opened_at, key) < tuple_(*after))
        chosen = chosen.order_by(noun.opened_at.desc(), key.desc())
    return list(await db.scalars(chosen.limit(limit + 1)))


async def list_batches(
    database: Database, noun: type[Noun], caller: Caller, filters: Filters, *, sort: Sort
) -> AsyncIterator[list[Noun]]:
    """The whole list, some hundreds at a time, each batch read in a transaction of its own."""
    after: tuple[datetime, UUID] | None = None
    while True:
        async with database.read() as db:
            found = await list_page(db, noun, caller, filters, sort=sort, after=after, limit=_BATCH)
        if found:
            yield found[:_BATCH]
        if len(found) <= _BATCH:
            return
        after = _sort_key(found[_BATCH - 1], sort)


def _conditions(noun: type[SoldGoods], filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.status:
        conditions.append(noun.status.in_(filters.status))
    if filters.order_id is not None:
        conditions.append(noun.order_id == filters.order_id)
    if filters.supplier_id is not None:
        conditions.append(noun.supplier_id == filters.supplier_id)
    if filters.overdue_at is not None:
        conditions.append(noun.due_at <= filters.overdue_at)
    if filters.wanted:
        columns = (noun.order_number, noun.product_title, noun.product_title_en)
        conditions.append(or_(*(each.icontains(filters.wanted, autoescape=True) for each in columns)))
    return conditions


def _sort_key(subject: SoldGoods, sort: Sort) -> tuple[datetime, UUID]:
    [subject_id] = inspect(subject).identity
    return (subject.due_at or _NEVER) if sort == "due" else subject.opened_at, subject_id
