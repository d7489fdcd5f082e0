"""Every consumer handles every example of every event that it asks for, on its real database: it applies it, or it
refuses it in words; it never breaks, and what it was not told before does not trouble it."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from sqlalchemy.ext.asyncio import AsyncSession

from shared.consumer import BatchSubscription, Subscription
from shared.errors import Refusal
from shared.events import Envelope, Event
from shared.events.logistics import (
    LostParcelArrived,
    ParcelsLost,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentLost,
    ShipmentShort,
)
from shared.events.orders import ReplacementDue
from tests.contract.examples import INSTANTS, events_of
from tests.contract.test_handlers import NAMES, PAIRS, grown
from tests.e2e.house import House

EXAMPLES = 12
ABOUT_ORDERS = (
    ShipmentDispatched,
    ShipmentDelivered,
    ShipmentShort,
    ParcelsLost,
    ShipmentLost,
    LostParcelArrived,
    ReplacementDue,
)
ABOUT_UNKNOWN_ORDERS = {"order-not-found", "exchange-not-found", "shipment-not-found", "gift-parcel-unknown"}
"""Parcels of orders that nobody placed, replacements of what was never sent: such an event is parked, and somebody
looks."""


def envelopes_of(event: type[Event], count: int) -> list[tuple[Event, Envelope]]:
    """The same examples in every run, as they travel, with fields that nobody knows yet."""
    made: list[tuple[Event, Envelope]] = []

    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(example=events_of(event), time=INSTANTS)
    def make(example: Event, time: object) -> None:
        envelope = {
            "id": uuid4(),
            "source": event.source(),
            "type": event.type,
            "subject": example.subject,
            "time": time,
            "data": grown(example.model_dump(mode="json")),
            "cursor": f"1-{len(made) + 1}",
        }
        made.append((example, Envelope.model_validate(envelope)))

    make()
    return made


@pytest.mark.parametrize(("consumer", "event"), PAIRS, ids=NAMES)
async def test_a_consumer_handles_every_example(house: House, consumer: str, event: type[Event]):
    room = house[consumer]
    subscription = next(
        each
        for each in room.app.state.service.subscriptions(room.app)
        if event in (each.handlers if isinstance(each, Subscription) else each.events)
    )
    made = envelopes_of(event, EXAMPLES)
    assert len(made) == EXAMPLES
    if isinstance(subscription, BatchSubscription):
        await subscription.apply([envelope for _, envelope in made])
        await house.ensure_nothing_parked()
        return
    refused = []
    for example, envelope in made:
        async with room.database.engine.connect() as connection:
            outer = await connection.begin()
            async with AsyncSession(bind=connection, join_transaction_mode="create_savepoint") as db:
                try:
                    await subscription.handlers[event](db, type(example).model_validate(envelope.data), envelope)
                    await db.flush()
                except Refusal as refusal:
                    refused.append(refusal.code)
            await outer.rollback()
    assert set(refused) <= (ABOUT_UNKNOWN_ORDERS if event in ABOUT_ORDERS else set())
