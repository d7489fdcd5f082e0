"""What other services' events do here: each becomes one action call."""

from shared.consumer import Handlers

ORDERS_HANDLERS: Handlers = {}
LOGISTICS_HANDLERS: Handlers = {}
