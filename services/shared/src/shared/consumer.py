"""Reading other services' feeds: each event takes effect exactly once, in order, however often it is fetched.

A batch is fetched with no transaction open. Then, per event, one transaction locks the cursor, skips what is past,
runs the handler and moves the cursor: the cursor is the inbox. Two replicas share the work without a coordinator.
A handler that keeps failing has its event parked with the traceback, and later events of the same subject wait
behind it, so that nothing is applied out of order; `replay` tries them again.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time
from typing import Any, Protocol

from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db import Transactions
from shared.errors import Unavailable
from shared.events import EVENTS, Envelope, Event, decode
from shared.http import ServiceClient
from shared.log import logger
from shared.outbox import read_cursor
from shared.telemetry import enter_trace, event_lag_seconds, events_handled, leave_trace, record_span

Handler = Callable[[AsyncSession, Any, Envelope], Awaitable[None]]
Handlers = Mapping[type[Event], Handler]

ATTEMPTS = 5
_PAUSES_SECONDS = (0.05, 0.2, 1.0, 3.0)
_BATCH = 200
_WAIT_SECONDS = 20.0
_WAITING = "waits for an earlier event of its subject"

log = logger(__name__)

_LOCK = text("""
    SELECT cursor,
           EXISTS (SELECT FROM parked_events AS parked
                   WHERE parked.consumer = :consumer AND parked.subject = :subject
                     AND parked.resolved_at IS NULL) AS is_blocked
    FROM event_cursors WHERE consumer = :consumer FOR UPDATE SKIP LOCKED
""")
_MOVE = text("UPDATE event_cursors SET cursor = :cursor, moved_at = now() WHERE consumer = :consumer")
_PARK = text("""
    INSERT INTO parked_events (consumer, event_id, subject, envelope, error, attempts)
    VALUES (:consumer, :event_id, :subject, CAST(:envelope AS jsonb), :error, :attempts)
    ON CONFLICT (consumer, event_id) DO NOTHING
""")
_PARKED = text("""
    SELECT parked_id, envelope FROM parked_events
    WHERE consumer = :consumer AND resolved_at IS NULL ORDER BY parked_id FOR UPDATE
""")


class FeedPage(BaseModel):
    """What GET /events answers."""

    items: list[Envelope]
    next_cursor: str


class Feed(Protocol):
    """Where events come from."""

    async def fetch(self, *, after: str, limit: int, wait_seconds: float, types: Sequence[str]) -> FeedPage:
        """The events after the cursor; waits for one if there is none yet."""


class HttpFeed:
    """Another service's GET /events."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def fetch(self, *, after: str, limit: int, wait_seconds: float, types: Sequence[str]) -> FeedPage:
        """The events after the cursor; waits for one if there is none yet."""
        answer = await self._client.get(
            "/events",
            params={"after": after, "limit": limit, "wait_seconds": wait_seconds, "type": list(types)},
            deadline_seconds=wait_seconds + 10,
        )
        if not answer.is_success:
            raise Unavailable(f"{self._client.name} answered {answer.status_code} to a feed read.", code="feed-refused")
        return FeedPage.model_validate_json(answer.content)


@dataclass(frozen=True)
class Subscription:
    """One service's interest in another's events, each applied once in a transaction."""

    consumer: str
    source: str
    handlers: Handlers

    @property
    def name(self) -> str:
        """The cursor's name."""
        return f"{self.consumer}<-{self.source}"

    @property
    def types(self) -> list[str]:
        """The event types it asks for."""
        return sorted(event.type for event in self.handlers)


@dataclass(frozen=True)
class BatchSubscription:
    """Events applied in batches into a store without transactions, at least once: `apply` must bear repetition."""

    consumer: str
    source: str
    events: tuple[type[Event], ...]
    apply: Callable[[list[Envelope]], Awaitable[None]]

    @property
    def name(self) -> str:
        """The cursor's name."""
        return f"{self.consumer}<-{self.source}"

    @property
    def types(self) -> list[str]:
        """The event types it asks for."""
        return sorted(event.type for event in self.events)


AnySubscription = Subscription | BatchSubscription


class LockedElsewhere(Exception):  # noqa: N818 - a state, not an error
    """Another replica is at work on this cursor."""


class Consumer:
    """Runs one subscription against one feed and one database."""

    def __init__(self, subscription: AnySubscription, *, database: Transactions, feed: Feed) -> None:
        self.subscription = subscription
        self._database = database
        self._feed = feed

    async def run(self) -> None:
        """Follow the feed until cancelled; the feed being down only makes it wait."""
        pause = 0.2
        while True:
            try:
                await self.step(wait_seconds=_WAIT_SECONDS)
                pause = 0.2
            except LockedElsewhere:
                await asyncio.sleep(0.2)
            except (Unavailable, OperationalError, InterfaceError, OSError) as error:
                log.info("feed not readable yet", consumer=self.subscription.name, reason=_first_line(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
            except Exception as error:
                log.error("consumer failed; tries again", consumer=self.subscription.name, exc_info=error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def drain(self) -> int:
        """Apply all there is now, without waiting; how many events that was."""
        applied = 0
        while count := await self.step(wait_seconds=0):
            applied += count
        return applied

    async def step(self, *, wait_seconds: float) -> int:
        """Fetch one batch and apply it; how many events it held."""
        cursor = await self._read_cursor()
        page = await self._feed.fetch(
            after=cursor, limit=_BATCH, wait_seconds=wait_seconds, types=self.subscription.types
        )
        if not page.items:
            return 0
        if isinstance(self.subscription, BatchSubscription):
            await self._apply_batch(self.subscription, page.items, seen=cursor)
        else:
            for envelope in page.items:
                await self._apply_with_patience(self.subscription, envelope)
        return len(page.items)

    async def replay(self) -> int:
        """Try all parked events again, in order; how many are resolved now."""
        subscription = self.subscription
        if isinstance(subscription, BatchSubscription):
            return 0
        resolved = 0
        blocked: set[str] = set()
        async with self._database.begin() as db:
            parked = (await db.execute(_PARKED, {"consumer": subscription.name})).all()
            for row in parked:
                envelope = Envelope.model_validate(row.envelope)
                if envelope.subject in blocked:
                    continue
                try:
                    async with db.begin_nested():
                        await self._handle(subscription, db, envelope)
                except Exception as error:  # noqa: BLE001 - any failure keeps the event parked, with its reason
                    blocked.add(envelope.subject)
                    await db.execute(
                        text("UPDATE parked_events SET error = :error, attempts = attempts + 1 WHERE parked_id = :id"),
                        {"error": _reason(error), "id": row.parked_id},
                    )
                else:
                    resolved += 1
                    await db.execute(
                        text("UPDATE parked_events SET resolved_at = now() WHERE parked_id = :id"),
                        {"id": row.parked_id},
                    )
        return resolved

    async def _read_cursor(self) -> str:
        name = self.subscription.name
        async with self._database.read() as db:
            found = await db.scalar(
                text("SELECT cursor FROM event_cursors WHERE consumer = :consumer"), {"consumer": name}
            )
            if found is None:
                await db.execute(
                    text("INSERT INTO event_cursors (consumer, cursor) VALUES (:consumer, '') ON CONFLICT DO NOTHING"),
                    {"consumer": name},
                )
        return found or ""

    async def _apply_with_patience(self, subscription: Subscription, envelope: Envelope) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._apply(subscription, envelope)
            except (LockedElsewhere, OperationalError, InterfaceError, OSError):
                raise  # nothing is wrong with the event itself
            except Exception as error:
                if isinstance(error, DBAPIError) and error.connection_invalidated:
                    raise
                log.warning(
                    "event failed", consumer=subscription.name, type=envelope.type, attempt=attempt, error=repr(error)
                )
                events_handled().add(1, {"consumer": subscription.name, "outcome": "failed"})
                if attempt == ATTEMPTS:
                    await self._park(subscription, envelope, _reason(error))
                else:
                    await asyncio.sleep(_PAUSES_SECONDS[attempt - 1])
            else:
                return

    async def _apply(self, subscription: Subscription, envelope: Envelope) -> None:
        async with self._database.begin() as db:
            if not await self._take(subscription, db, envelope):
                return
            await self._handle(subscription, db, envelope)
            await db.execute(_MOVE, {"cursor": envelope.cursor, "consumer": subscription.name})
        events_handled().add(1, {"consumer": subscription.name, "outcome": "applied"})
        lag = (datetime.now(UTC) - envelope.time).total_seconds()
        event_lag_seconds().record(max(lag, 0.0), {"consumer": subscription.name})

    async def _take(self, subscription: Subscription, db: AsyncSession, envelope: Envelope) -> bool:
        """Lock the cursor; False for an event that is past, or that must wait behind a parked one."""
        locked = (await db.execute(_LOCK, {"consumer": subscription.name, "subject": envelope.subject})).first()
        if locked is None:
            raise LockedElsewhere
        if read_cursor(locked.cursor) >= read_cursor(envelope.cursor):
            return False
        if locked.is_blocked:
            await self._park_row(db, subscription, envelope, _WAITING, attempts=0)
            return False
        return True

    async def _handle(self, subscription: Subscription, db: AsyncSession, envelope: Envelope) -> None:
        enter_trace(
            envelope.traceparent,
            correlation_id=envelope.correlationid or str(envelope.id),
            causation_id=str(envelope.id),
        )
        started_at, outcome = time(), "failed"
        try:
            event = decode(envelope, EVENTS)
            handler = None if event is None else subscription.handlers.get(type(event))
            if handler is not None:
                await handler(db, event, envelope)
            outcome = "handled"
        finally:
            record_span(
                f"{subscription.name} {envelope.type}",
                traceparent=envelope.traceparent,
                started_at=started_at,
                attributes={"messaging.message.id": str(envelope.id), "outcome": outcome},
            )
            leave_trace()

    async def _park(self, subscription: Subscription, envelope: Envelope, error: str) -> None:
        async with self._database.begin() as db:
            if await self._take(subscription, db, envelope):
                await self._park_row(db, subscription, envelope, error, attempts=ATTEMPTS)
        events_handled().add(1, {"consumer": subscription.name, "outcome": "parked"})
        log.error("event parked", consumer=subscription.name, type=envelope.type, event_id=str(envelope.id))

    async def _park_row(
        self, db: AsyncSession, subscription: Subscription, envelope: Envelope, error: str, *, attempts: int
    ) -> None:
        await db.execute(
            _PARK,
            {
                "consumer": subscription.name,
                "event_id": envelope.id,
                "subject": envelope.subject,
                "envelope": envelope.model_dump_json(),
                "error": error,
                "attempts": attempts,
            },
        )
        await db.execute(_MOVE, {"cursor": envelope.cursor, "consumer": subscription.name})

    async def _apply_batch(self, subscription: BatchSubscription, items: list[Envelope], *, seen: str) -> None:
        """The lock is advisory: a row lock would take a transaction id and hold every feed back meanwhile."""
        async with self._database.begin() as db:
            is_ours = await db.scalar(
                text("SELECT pg_try_advisory_xact_lock(hashtextextended(:consumer, 1))"),
                {"consumer": subscription.name},
            )
            if not is_ours:
                raise LockedElsewhere
            present = await db.scalar(
                text("SELECT cursor FROM event_cursors WHERE consumer = :consumer"), {"consumer": subscription.name}
            )
            if present != seen:
                return
            await subscription.apply(items)
            await db.execute(_MOVE, {"cursor": items[-1].cursor, "consumer": subscription.name})
        events_handled().add(len(items), {"consumer": subscription.name, "outcome": "applied"})
        lag = (datetime.now(UTC) - items[-1].time).total_seconds()
        event_lag_seconds().record(max(lag, 0.0), {"consumer": subscription.name})


def _reason(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-8000:]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
