"""Feeds become facts, in batches, at least once: what is applied again changes nothing.

An event that cannot be read is parked with its reason and the rest goes on; `rewind` reads the feed again once it can.
"""

import asyncio
import traceback
from dataclasses import dataclass, field
from time import monotonic

from pydantic import ValidationError
from sqlalchemy import text

from analytics.fact import actions as fact_actions
from analytics.fact.rules import version_of
from analytics.name import actions as name_actions
from analytics.warehouse import Warehouse
from shared.consumer import BatchSubscription
from shared.db import Transactions
from shared.events import EVENTS, Envelope, Event, decode
from shared.events.catalog import SkuListed, SkuRevised
from shared.events.institutions import OrderAccepted, OrderConfirmed
from shared.events.orders import OrderCancelled, OrderPaid, PiecesGivenUp, RefundGranted
from shared.log import logger

CONSUMER = "analytics"
_FULL_BATCH = 200
_SMALL_BATCH_SECONDS = 0.05

_PARK = text("""
    INSERT INTO parked_events (consumer, event_id, subject, envelope, error, attempts)
    VALUES (:consumer, :event_id, :subject, CAST(:envelope AS jsonb), :error, 1)
    ON CONFLICT (consumer, event_id) DO NOTHING
""")

log = logger(__name__)
_ORDERS = (OrderPaid, OrderConfirmed, OrderCancelled, RefundGranted, PiecesGivenUp, OrderAccepted)


@dataclass
class Feeds:
    """Where the feeds' events go. `database` is asked for at each use, for a test may change it."""

    warehouse: Warehouse
    database: Transactions
    hash_key: bytes
    _inserted_at: float = field(default=float("-inf"))

    async def apply_orders(self, envelopes: list[Envelope]) -> None:
        """Sales, cancellations, refunds and refused goods of one batch."""
        await self._gather(envelopes)
        events = await self._read("orders", envelopes)
        await fact_actions.apply_orders(
            self.warehouse,
            sold=[(event, position) for event, position in events if isinstance(event, OrderPaid | OrderConfirmed)],
            # What was never sold is no fact; and money that came late may have paid it after all.
            cancelled=[event for event, _ in events if isinstance(event, OrderCancelled) and event.was_sold],
            refunded=[
                (event, position)
                for event, position in events
                if isinstance(event, RefundGranted | PiecesGivenUp | OrderAccepted)
            ],
            hash_key=self.hash_key,
        )

    async def apply_catalog(self, envelopes: list[Envelope]) -> None:
        """Names of one batch."""
        events = await self._read("catalog", envelopes)
        await name_actions.store_names(
            self.warehouse,
            [(event, position) for event, position in events if isinstance(event, SkuListed | SkuRevised)],
        )

    async def _gather(self, envelopes: list[Envelope]) -> None:
        """Each insert makes a part that must be merged: after a small batch, let the next one fill up a moment."""
        if len(envelopes) < _FULL_BATCH:
            await asyncio.sleep(max(0.0, self._inserted_at + _SMALL_BATCH_SECONDS - monotonic()))
        self._inserted_at = monotonic()

    async def _read(self, source: str, envelopes: list[Envelope]) -> list[tuple[Event, int]]:
        events = []
        for envelope in envelopes:
            try:
                event = decode(envelope, EVENTS)
            except ValidationError:
                await self._park(f"{CONSUMER}<-{source}", envelope)
                continue
            if event is not None:
                events.append((event, version_of(envelope.cursor)))
        return events

    async def _park(self, consumer: str, envelope: Envelope) -> None:
        async with self.database.begin() as db:
            await db.execute(
                _PARK,
                {
                    "consumer": consumer,
                    "event_id": envelope.id,
                    "subject": envelope.subject,
                    "envelope": envelope.model_dump_json(),
                    "error": traceback.format_exc()[-8000:],
                },
            )
        log.error("event parked", consumer=consumer, type=envelope.type, event_id=str(envelope.id))


def subscriptions(feeds: Feeds) -> list[BatchSubscription]:
    """What analytics listens to."""
    return [
        BatchSubscription(CONSUMER, "orders", _ORDERS, feeds.apply_orders),
        BatchSubscription(CONSUMER, "catalog", (SkuListed, SkuRevised), feeds.apply_catalog),
    ]
