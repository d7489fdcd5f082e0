"""What happens in the house becomes messages, mails and webhooks: the feeds in batches, each batch in one transaction.

A batch may be applied again after a crash: one event makes one message a receiver and one delivery an endpoint, and
the database holds that. An event that cannot be handled is parked with its reason, and the rest goes on.
"""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from gateway.known import actions as known_actions
from gateway.known.actions import Read
from gateway.mailing import announce
from gateway.message import rules as message_rules
from gateway.unread import UnreadCounts
from gateway.webhook import actions as webhook_actions
from shared.clock import utc_now
from shared.consumer import BatchSubscription
from shared.db import Transactions
from shared.events import EVENTS, Envelope, Event, decode
from shared.events.aftercare import AfterSalesAnswered, NotArrived, ReviewAnswered
from shared.events.catalog import LotHeld, NoticeIssued, SkuListed, SkuRevised
from shared.events.institutions import (
    BidDecided,
    ConfirmationAsked,
    CropHarvestShared,
    CropMilestoneMissed,
    CropOrderEnded,
    CropOrderOffered,
    DecisionAsked,
    DecisionTaken,
    GiftClaimsWaiting,
    OrderAccepted,
    OrderConfirmed,
    OrderSettled,
    OverdueTold,
    PoolTold,
    SupplierInvited,
)
from shared.events.logistics import (
    ExcursionOpened,
    LostParcelArrived,
    ParcelsArrived,
    ParcelsLost,
    ShipmentDelivered,
    ShipmentDispatched,
    ShipmentShort,
)
from shared.events.orders import (
    BackInStock,
    DonationThanked,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    PointsExpiring,
    PresaleBalanceDue,
    PresaleBooked,
    PresaleBookingEnded,
    ProductReviewed,
    RefundGranted,
    StockLow,
    SupplierOrderSettled,
)
from shared.log import logger

CONSUMER = "gateway"
HEARD: dict[str, tuple[type[Event], ...]] = {
    "orders": (
        OrderPlaced,
        OrderPaid,
        OrderConfirmed,
        ConfirmationAsked,
        OrderAccepted,
        OrderCancelled,
        RefundGranted,
        StockLow,
        PointsExpiring,
        PresaleBooked,
        PresaleBalanceDue,
        PresaleBookingEnded,
        SupplierOrderSettled,
        ProductReviewed,
        BackInStock,
        DonationThanked,
        SupplierInvited,
        CropOrderOffered,
        CropMilestoneMissed,
        CropHarvestShared,
        CropOrderEnded,
        BidDecided,
        PoolTold,
        NotArrived,
        AfterSalesAnswered,
        ReviewAnswered,
        OrderSettled,
        OverdueTold,
        GiftClaimsWaiting,
        DecisionAsked,
        DecisionTaken,
    ),
    "logistics": (
        ShipmentDispatched,
        ParcelsArrived,
        ShipmentDelivered,
        ShipmentShort,
        ParcelsLost,
        LostParcelArrived,
        ExcursionOpened,
    ),
    "catalog": (SkuListed, SkuRevised, LotHeld, NoticeIssued),
}
"""What the gateway listens to, by source."""

_PARK = text("""
    INSERT INTO parked_events (consumer, event_id, subject, envelope, error, attempts)
    VALUES (:consumer, :event_id, :subject, CAST(:envelope AS jsonb), :error, 1)
    ON CONFLICT (consumer, event_id) DO NOTHING
""")

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Inbox:
    """Where the feeds' events go. The database is asked for at each use, for a test may change it; `ring` tells the
    sender of webhooks that there is something new."""

    transactions: Callable[[], Transactions]
    unread: UnreadCounts
    sends_mail: bool
    ring: Callable[[], None]

    async def apply(self, envelopes: list[Envelope]) -> None:
        """One batch; event by event if something in it cannot be handled."""
        read = [each for each in [await self._read(envelope) for envelope in envelopes] if each is not None]
        try:
            await self._take(read)
        except Exception as error:
            if _is_lost_connection(error):
                raise
            log.warning("a batch of events failed; one by one now", error=repr(error))
            for each in read:
                await self._take_alone(each)

    async def _take_alone(self, each: Read) -> None:
        try:
            await self._take([each])
        except Exception as error:
            if _is_lost_connection(error):
                raise
            await self._park(each[0])

    async def _take(self, read: Sequence[Read]) -> None:
        now = utc_now()
        async with self.transactions().begin() as db:
            heard = await known_actions.learn(db, read, now=now)
            news = [each for each in heard if message_rules.is_told(each.time, now=now)]
            drafts = [draft for each in news for draft in message_rules.drafts_of(each)]
            told = await announce(db, drafts, sends_mail=self.sends_mail, now=now)
            delivery_count = await webhook_actions.plan_deliveries(db, news, now=now)
        self.unread.forget({each.person_id for each in told})
        if delivery_count:
            self.ring()

    async def _read(self, envelope: Envelope) -> Read | None:
        try:
            event = decode(envelope, EVENTS)
        except ValidationError:
            await self._park(envelope)
            return None
        return None if event is None else (envelope, event)

    async def _park(self, envelope: Envelope) -> None:
        async with self.transactions().begin() as db:
            await db.execute(
                _PARK,
                {
                    "consumer": f"{CONSUMER}<-{envelope.source.removeprefix('/')}",
                    "event_id": envelope.id,
                    "subject": envelope.subject,
                    "envelope": envelope.model_dump_json(),
                    "error": traceback.format_exc()[-8000:],
                },
            )
        log.error("event parked", consumer=CONSUMER, type=envelope.type, event_id=str(envelope.id))


def subscriptions(inbox: Inbox) -> list[BatchSubscription]:
    """What the gateway listens to."""
    return [BatchSubscription(CONSUMER, source, events, inbox.apply) for source, events in HEARD.items()]


def _is_lost_connection(error: Exception) -> bool:
    if isinstance(error, OperationalError | InterfaceError | OSError):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated
