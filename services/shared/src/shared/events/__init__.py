"""The one shared event schema: a class an event, grouped by the service that publishes it.

`EVENTS` maps a type such as ``orders.order-paid.v1`` to its class. Events only grow: a field may be added with a
default, never renamed, removed or given another meaning; a breaking change is a ``.v2`` class beside the first.
"""

from shared.events import aftercare, catalog, institutions, logistics, orders
from shared.events.envelope import Envelope, Event, decode, event_types

EVENTS = event_types(catalog, orders, aftercare, institutions, logistics)

__all__ = ["EVENTS", "Envelope", "Event", "aftercare", "catalog", "decode", "institutions", "logistics", "orders"]
