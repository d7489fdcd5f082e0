"""Each consumer hears only events that exist, from who publishes them, and reads every example, also of one that has
grown since. That it handles each is told on real databases, by `tests/e2e/test_examples.py`."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from analytics.handlers import Feeds, subscriptions
from analytics.warehouse import Warehouse
from catalog import handlers as catalog
from gateway import handlers as gateway
from gateway.unread import UnreadCounts
from logistics import handlers as logistics
from orders.handlers import CATALOG_HANDLERS, LOGISTICS_HANDLERS
from shared.consumer import BatchSubscription, Subscription
from shared.db import Database
from shared.events import EVENTS, Envelope, Event, decode
from tests.contract.examples import INSTANTS, TEXT, examples_of

MAPS = {"facts"}
UNKNOWN = {"grown_later": {"by": ["a", "publisher"]}, "specversion_of_ours": 2}


def heard() -> list[tuple[str, str, list[type[Event]]]]:
    """(consumer, source, events) of every subscription of the house."""
    feeds = Feeds(
        Warehouse("chdb:///nowhere", database="none", readers=1), Database("postgresql://nobody@none/none"), b""
    )
    nowhere = Database("postgresql://nobody@none/none")
    inbox = gateway.Inbox(lambda: nowhere, UnreadCounts(lambda: nowhere), sends_mail=False, ring=lambda: None)
    every: list[Subscription | BatchSubscription] = [
        Subscription("orders", "catalog", CATALOG_HANDLERS),
        Subscription("orders", "logistics", LOGISTICS_HANDLERS),
        Subscription("logistics", "orders", logistics.ORDERS_HANDLERS),
        Subscription("logistics", "catalog", logistics.CATALOG_HANDLERS),
        Subscription("catalog", "orders", catalog.ORDERS_HANDLERS),
        Subscription("catalog", "logistics", catalog.LOGISTICS_HANDLERS),
        *subscriptions(feeds),
        *gateway.subscriptions(inbox),
    ]
    return [
        (each.consumer, each.source, list(each.handlers if isinstance(each, Subscription) else each.events))
        for each in every
    ]


FOR_PEOPLE = {
    "ProfitShared",
    "ShipmentCreated",
    "DirectoryIssued",
    "SupplierAdmitted",  # each SKU of the supplier tells for itself whether it is sold
    "SupplierSuspended",
    "SupplierExited",
    "OrderCounted",
}
"""Published for webhooks, mails and whoever reads the feed from outside; no service of ours acts on them yet."""

PAIRS = [(consumer, event) for consumer, _, events in heard() for event in events]
NAMES = [f"{consumer} hears {event.__name__}" for consumer, event in PAIRS]


def test_every_event_that_is_heard_exists_and_comes_from_who_publishes_it():
    for consumer, source, events in heard():
        assert events, consumer
        for event in events:
            assert EVENTS[event.type] is event
            assert event.source() == f"/{source}", f"{consumer} asks {source} for {event.type}"


def test_every_published_event_but_those_for_people_is_heard_by_somebody():
    unheard = set(EVENTS.values()) - {event for _, event in PAIRS}
    assert {event.__name__ for event in unheard} == FOR_PEOPLE


def grown(data: Any) -> Any:
    """The same with unknown fields in every object; a map of values has no fields that could grow."""
    if isinstance(data, dict):
        return {name: each if name in MAPS else grown(each) for name, each in data.items()} | UNKNOWN
    return [grown(each) for each in data] if isinstance(data, list) else data


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.__name__)
def test_every_example_is_read_and_what_nobody_knows_yet_is_ignored(event: type[Event]):
    @settings(max_examples=40, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    @given(data=examples_of(event), time=INSTANTS, trace=st.none() | TEXT)
    def read(data: dict[str, Any], time: Any, trace: str | None) -> None:
        known = event.model_validate(data)
        travelling = {
            "specversion": "1.0",
            "id": str(uuid4()),
            "source": event.source(),
            "type": event.type,
            "subject": known.subject,
            "time": time.isoformat(),
            "data": grown(known.model_dump(mode="json")),
            "traceparent": trace,
            "cursor": "1-1",
            **UNKNOWN,
        }
        envelope = Envelope.model_validate(travelling)
        assert decode(envelope, EVENTS) == known
        assert decode(envelope.model_copy(update={"data": known.model_dump(mode="json")}), EVENTS) == known

    read()


def test_an_event_of_a_later_build_is_passed_over():
    envelope = Envelope(
        id=uuid4(), source="/orders", type="orders.order-praised.v1", subject="x", time="2026-11-22T00:00:00Z", data={}
    )
    assert decode(envelope, EVENTS) is None


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: event.__name__)
def test_no_part_of_an_event_forbids_what_it_does_not_know(event: type[Event]):
    for model in parts_of(event):
        assert model.model_config.get("extra") == "ignore", model


def parts_of(model: type[BaseModel]) -> set[type[BaseModel]]:
    """The event and every model inside it."""
    found: set[type[BaseModel]] = {model}
    for field in model.model_fields.values():
        for each in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(each, type) and issubclass(each, BaseModel):
                found |= parts_of(each)
    return found
