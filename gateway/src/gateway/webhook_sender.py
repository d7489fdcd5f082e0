"""Sends what is due to webhooks, many at once and few to each endpoint.

At least once: whoever dies between an answer and its note leaves a claim that lapses, and the delivery goes out again
under the same `webhook-id`. Two senders never hold one delivery at a time: rows are claimed with SKIP LOCKED.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.keyring import Seal
from gateway.known.rules import Heard
from gateway.mailing import announce
from gateway.message import rules as message_rules
from gateway.outbound import Outbound
from gateway.webhook import actions, queries, rules
from gateway.webhook.actions import Claimed
from gateway.webhook.models import WebhookEndpoint
from gateway.webhook.rules import Outcome
from shared.clock import utc_now
from shared.db import Transactions
from shared.log import logger
from shared.webhooks import signature

_LOOK_EVERY_SECONDS = 2.0
_DISABLED_EVENTS = UUID("2f5a2b0e-13a4-5e0d-8f66-20b6a9f6b7c1")
log = logger(__name__)


class Sender:
    """One process's share of the sending."""

    def __init__(
        self, transactions: Callable[[], Transactions], seal: Seal, outbound: Outbound, *, sends_mail: bool
    ) -> None:
        self._transactions = transactions
        self._seal = seal
        self._outbound = outbound
        self._sends_mail = sends_mail
        self._under_way: dict[asyncio.Task[None], bool] = {}
        self._bell = asyncio.Event()

    def ring(self) -> None:
        """There is something new: look at once."""
        self._bell.set()

    def ring_after(self, db: AsyncSession) -> None:
        """`ring` once the transaction of this session has committed."""
        event.listen(db.sync_session, "after_commit", lambda _: self.ring(), once=True)

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            while True:
                self._bell.clear()
                try:
                    await self.start_due()
                except (SQLAlchemyError, OSError) as error:
                    log.warning("webhooks not sent now", error=repr(error))
                await self._wait()
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _wait(self) -> None:
        """For the bell, the end of a delivery, or a while."""
        bell = asyncio.create_task(self._bell.wait())
        await asyncio.wait([bell, *self._under_way], timeout=_LOOK_EVERY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        bell.cancel()

    async def drain(self) -> None:
        """Send all that is due now."""
        while await self.start_due():
            await asyncio.gather(*self._under_way)

    async def start_due(self) -> int:
        """Claim what is due, as far as there is room, and begin to send it; how much that was."""
        failing = sum(self._under_way.values())
        room = rules.AT_ONCE - len(self._under_way)
        now = utc_now()
        async with self._transactions().begin() as db:
            claimed = await actions.claim_due(db, is_failing=False, room=room, now=now)
        doubtful: list[Claimed] = []
        if (left := min(room - len(claimed), rules.AT_ONCE_FAILING - failing)) > 0:
            async with self._transactions().begin() as db:
                doubtful = await actions.claim_due(db, is_failing=True, room=left, now=now)
        for each in claimed:
            self._begin(each, is_failing=False)
        for each in doubtful:
            self._begin(each, is_failing=True)
        return len(claimed) + len(doubtful)

    def _begin(self, claimed: Claimed, *, is_failing: bool) -> None:
        task = asyncio.create_task(self.send(claimed), name=f"webhook {claimed.delivery_id}")
        self._under_way[task] = is_failing
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if not task.cancelled() and task.exception() is not None:
            log.error("a webhook's outcome was not noted; it is sent again", error=repr(task.exception()))

    async def send(self, claimed: Claimed) -> None:
        """Send one delivery and note how it went."""
        started_at = utc_now()
        outcome = await self.call(claimed)
        await self.note(claimed, outcome, started_at=started_at)

    async def call(self, claimed: Claimed) -> Outcome:
        """The one try over the network, signed with each secret that is valid now."""
        now = utc_now()
        async with self._transactions().read() as db:
            endpoint = await db.get(WebhookEndpoint, claimed.endpoint_id)
            secrets = await queries.list_secrets(db, claimed.endpoint_id, now=now)
        keys = [key for each in secrets if (key := self._seal.open(each.sealed, str(each.endpoint_id))) is not None]
        if endpoint is None or not keys:
            return Outcome(None, error="no secret of this endpoint can be opened: give it a new one")
        webhook_id, timestamp = rules.webhook_id(claimed.delivery_id), str(int(now.timestamp()))
        signatures = [signature(key, webhook_id=webhook_id, timestamp=timestamp, body=claimed.body) for key in keys]
        return await self._outbound.post(
            endpoint.url,
            body=claimed.body,
            headers={
                "content-type": "application/cloudevents+json",
                "user-agent": "zhunong-webhooks/1",
                "webhook-id": webhook_id,
                "webhook-timestamp": timestamp,
                "webhook-signature": " ".join(signatures),
            },
        )

    async def note(self, claimed: Claimed, outcome: Outcome, *, started_at: datetime) -> None:
        """Write it down; an endpoint that was switched off by it is told to its organisation."""
        now = utc_now()
        async with self._transactions().begin() as db:
            disabled = await actions.note_outcome(
                db,
                claimed,
                outcome,
                started_at=started_at,
                chance=random.random(),  # noqa: S311 - spreads retries, hides nothing
                now=now,
            )
            if disabled is not None:
                heard = disabled_event(disabled, now=now)
                await announce(db, message_rules.drafts_of(heard), sends_mail=self._sends_mail, now=now)


def disabled_event(endpoint: WebhookEndpoint, *, now: datetime) -> Heard:
    """What is told when an endpoint was switched off; once for each time that it was."""
    return Heard(
        uuid5(_DISABLED_EVENTS, f"{endpoint.endpoint_id} {endpoint.revision}"),
        message_rules.WEBHOOK_DISABLED,
        now,
        {
            "organisation_id": str(endpoint.organisation_id),
            "endpoint_id": str(endpoint.endpoint_id),
            "url": endpoint.url,
            "reason": endpoint.disabled_reason,
        },
    )
