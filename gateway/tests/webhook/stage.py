"""An organisation with webhooks on a database of its own, and what its deliveries are like."""

import base64
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from gateway.handlers import Inbox
from gateway.keyring import Seal
from gateway.outbound import Outbound
from gateway.tests.conftest import MASTER_KEY
from gateway.tests.factories import a_part, a_person, an_organisation, envelope, paid
from gateway.unread import UnreadCounts
from gateway.webhook import actions
from gateway.webhook.rules import EVENT_TYPES
from gateway.webhook_sender import Sender
from shared.clock import utc_now
from shared.db import Database
from shared.events.orders import OrderPaid
from shared.ids import new_id

SEAL = Seal(base64.b64decode(MASTER_KEY))
KEY = b"s" * 32


@dataclass
class Stage:
    """A supplier that listens."""

    database: Database
    admin_id: UUID
    supplier_id: UUID
    endpoints: dict[str, UUID] = field(default_factory=dict)

    def sender(self, *, timeout_seconds: float = 5.0) -> Sender:
        """A sender as in a process of its own."""
        outbound = Outbound(allows_local=True, timeout_seconds=timeout_seconds)
        return Sender(lambda: self.database, SEAL, outbound, sends_mail=False)

    def inbox(self) -> Inbox:
        """Where the feeds go."""
        return Inbox(lambda: self.database, UnreadCounts(lambda: self.database), sends_mail=False, ring=lambda: None)

    async def listens(self, url: str) -> UUID:
        """An endpoint for everything, a little older than what happens next."""
        endpoint_id = new_id()
        async with self.database.begin() as db:
            endpoint = await actions.create_endpoint(
                db,
                endpoint_id=endpoint_id,
                organisation_id=self.supplier_id,
                url=url,
                description="",
                event_types=EVENT_TYPES,
                created_by=self.admin_id,
                now=utc_now() - timedelta(minutes=1),
            )
            await actions.give_secret(db, endpoint=endpoint, key=KEY, secret_id=new_id(), seal=SEAL, now=utc_now())
        self.endpoints[url] = endpoint_id
        return endpoint_id

    async def sells(self, count: int = 1) -> list[OrderPaid]:
        """Orders of the supplier are paid, and heard of."""
        orders = [paid(uuid4(), a_part(self.supplier_id), a_part(uuid4())) for _ in range(count)]
        await self.inbox().apply([envelope(each) for each in orders])
        return orders

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """What a statement finds."""
        async with self.database.read() as db:
            return list(await db.execute(text(statement), values))

    async def states(self, endpoint_id: UUID | None = None) -> list[tuple[str, int, int]]:
        """(status, step, attempts) of the deliveries, oldest first."""
        found = await self.rows(
            "SELECT status, step, attempts, endpoint_id FROM webhook_deliveries ORDER BY created_at, delivery_id"
        )
        return [(row.status, row.step, row.attempts) for row in found if endpoint_id in (None, row.endpoint_id)]

    async def make_due(self) -> None:
        """As if the time of every next step had come."""
        async with self.database.begin() as db:
            await db.execute(text("UPDATE webhook_deliveries SET next_at = now() WHERE next_at IS NOT NULL"))


async def a_stage(database: Database) -> Stage:
    """A supplier with one administrator."""
    async with database.begin() as db:
        admin_id = await a_person(db)
        supplier_id = await an_organisation(db, "supplier", (admin_id, ["admin"]))
    return Stage(database, admin_id, supplier_id)
