"""Reading endpoints, their secrets, deliveries and attempts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.webhook.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret
from shared.errors import NotFound

Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class WantedDeliveries:
    """Which deliveries of an endpoint."""

    endpoint_id: UUID
    status: str = ""
    q: str = ""


def _not_found() -> NotFound:
    return NotFound("There is no such endpoint of this organisation.", code="webhook-endpoint-not-found")


async def list_endpoints(db: AsyncSession, organisation_id: UUID) -> Sequence[WebhookEndpoint]:
    """The endpoints of an organisation, the oldest first."""
    found = await db.scalars(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.organisation_id == organisation_id)
        .order_by(WebhookEndpoint.created_at, WebhookEndpoint.endpoint_id)
    )
    return found.all()


async def list_listening(db: AsyncSession, organisation_ids: Collection[UUID]) -> Sequence[WebhookEndpoint]:
    """All endpoints of these organisations."""
    if not organisation_ids:
        return []
    found = await db.scalars(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.organisation_id.in_(organisation_ids))
        .order_by(WebhookEndpoint.endpoint_id)
    )
    return found.all()


async def get_endpoint(db: AsyncSession, endpoint_id: UUID, *, organisation_id: UUID) -> WebhookEndpoint:
    """An endpoint of the organisation; 404 `webhook-endpoint-not-found`."""
    found = await db.scalar(
        select(WebhookEndpoint).where(
            WebhookEndpoint.endpoint_id == endpoint_id, WebhookEndpoint.organisation_id == organisation_id
        )
    )
    if found is None:
        raise _not_found()
    return found


async def lock_endpoint(db: AsyncSession, endpoint_id: UUID, *, organisation_id: UUID | None = None) -> WebhookEndpoint:
    """An endpoint (of the organisation, if one is given) until the transaction ends; 404."""
    query = select(WebhookEndpoint).where(WebhookEndpoint.endpoint_id == endpoint_id)
    if organisation_id is not None:
        query = query.where(WebhookEndpoint.organisation_id == organisation_id)
    found = await db.scalar(query.with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise _not_found()
    return found


async def list_secrets(db: AsyncSession, endpoint_id: UUID, *, now: datetime) -> Sequence[WebhookSecret]:
    """The secrets that sign now, the newest first."""
    found = await db.scalars(
        select(WebhookSecret)
        .where(
            WebhookSecret.endpoint_id == endpoint_id,
            or_(WebhookSecret.valid_until.is_(None), WebhookSecret.valid_until > now),
        )
        .order_by(WebhookSecret.created_at.desc(), WebhookSecret.secret_id.desc())
    )
    return found.all()


async def list_deliveries(
    db: AsyncSession, wanted: WantedDeliveries, *, after: Place | None, limit: int
) -> Sequence[WebhookDelivery]:
    """Deliveries to an endpoint, the newest first."""
    conditions: list[ColumnElement[bool]] = [WebhookDelivery.endpoint_id == wanted.endpoint_id]
    if wanted.status:
        conditions.append(WebhookDelivery.status == wanted.status)
    if wanted.q:
        conditions.append(
            or_(
                WebhookDelivery.event_type.contains(wanted.q.lower(), autoescape=True),
                func.convert_from(WebhookDelivery.body, "UTF8").contains(wanted.q, autoescape=True),
            )
        )
    if after is not None:
        conditions.append(tuple_(WebhookDelivery.created_at, WebhookDelivery.delivery_id) < after)
    found = await db.scalars(
        select(WebhookDelivery)
        .where(*conditions)
        .order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.delivery_id.desc())
        .limit(limit)
    )
    return found.all()


async def get_delivery(db: AsyncSession, delivery_id: UUID, *, organisation_id: UUID) -> WebhookDelivery:
    """A delivery to an endpoint of the organisation; 404 `webhook-delivery-not-found`."""
    found = await db.scalar(
        select(WebhookDelivery)
        .join(WebhookEndpoint, WebhookEndpoint.endpoint_id == WebhookDelivery.endpoint_id)
        .where(WebhookDelivery.delivery_id == delivery_id, WebhookEndpoint.organisation_id == organisation_id)
    )
    if found is None:
        raise NotFound("There is no such delivery to this organisation.", code="webhook-delivery-not-found")
    return found


async def lock_delivery(db: AsyncSession, delivery_id: UUID) -> WebhookDelivery | None:
    """A delivery until the transaction ends; None if it is gone."""
    return await db.scalar(
        select(WebhookDelivery)
        .where(WebhookDelivery.delivery_id == delivery_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def list_attempts(db: AsyncSession, delivery_id: UUID) -> Sequence[WebhookAttempt]:
    """The tries of a delivery, the last first."""
    found = await db.scalars(
        select(WebhookAttempt).where(WebhookAttempt.delivery_id == delivery_id).order_by(WebhookAttempt.number.desc())
    )
    return found.all()
