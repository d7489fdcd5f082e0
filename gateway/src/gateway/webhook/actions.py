"""Endpoints and their deliveries: made, claimed by one worker at a time, noted, replayed.

Whoever changes an endpoint and its deliveries locks the endpoint first.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.keyring import Seal
from gateway.known.rules import Heard
from gateway.webhook import queries, rules
from gateway.webhook.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret
from gateway.webhook.rules import Outcome
from shared.etag import ensure_fresh
from shared.ids import new_id
from shared.moves import status_after
from shared.webhooks import secret_hint

_CLAIM = text("""
    UPDATE webhook_deliveries
    SET status = 'SENDING', claim = :claim, next_at = :until, attempts = attempts + 1, step = step + 1
    WHERE delivery_id IN (
        SELECT due.delivery_id
        FROM webhook_endpoints AS endpoint
        CROSS JOIN LATERAL (
            SELECT delivery_id, next_at FROM webhook_deliveries AS waiting
            WHERE waiting.endpoint_id = endpoint.endpoint_id AND waiting.next_at <= :now
            ORDER BY waiting.next_at, waiting.delivery_id
            LIMIT greatest(0, CAST(:each AS integer) - (
                SELECT count(*) FROM webhook_deliveries AS sending
                WHERE sending.endpoint_id = endpoint.endpoint_id AND sending.status = 'SENDING'
                  AND sending.next_at > :now))
            FOR UPDATE SKIP LOCKED) AS due
        WHERE endpoint.status = 'ACTIVE' AND (endpoint.failing_since IS NOT NULL) = :is_failing
        ORDER BY due.next_at, due.delivery_id
        LIMIT :room)
    RETURNING delivery_id, endpoint_id, body, attempts, step
""")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that one worker sends now."""

    delivery_id: UUID
    endpoint_id: UUID
    body: bytes
    attempts: int
    step: int
    claim: UUID


async def create_endpoint(
    db: AsyncSession,
    *,
    endpoint_id: UUID,
    organisation_id: UUID,
    url: str,
    description: str,
    event_types: Collection[str],
    created_by: UUID,
    now: datetime,
) -> WebhookEndpoint:
    """A new address, which is told of what happens from now on. 409 `webhook-endpoints-full`; 422."""
    await db.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:id, 7))"), {"id": f"webhooks {organisation_id}"}
    )
    rules.ensure_room(len(await queries.list_endpoints(db, organisation_id)))
    endpoint = WebhookEndpoint(
        endpoint_id=endpoint_id,
        organisation_id=organisation_id,
        url=url,
        description=description,
        event_types=rules.ensure_event_types(event_types),
        status="ACTIVE",
        disabled_reason="",
        created_by=created_by,
        created_at=now,
        revision=1,
    )
    db.add(endpoint)
    await db.flush()
    return endpoint


async def change_endpoint(
    db: AsyncSession,
    *,
    endpoint_id: UUID,
    organisation_id: UUID,
    url: str,
    description: str,
    event_types: Collection[str],
    expected_revision: int,
) -> WebhookEndpoint:
    """Another address or other events; what waits goes to the new address. 404, 412, 422."""
    endpoint = await queries.lock_endpoint(db, endpoint_id, organisation_id=organisation_id)
    ensure_fresh(endpoint.revision, expected_revision)
    endpoint.url, endpoint.description = url, description
    endpoint.event_types = rules.ensure_event_types(event_types)
    endpoint.revision += 1
    await db.flush()
    return endpoint


async def remove_endpoint(db: AsyncSession, *, endpoint_id: UUID, organisation_id: UUID) -> None:
    """It is told nothing more; its deliveries go with it. 404."""
    await queries.lock_endpoint(db, endpoint_id, organisation_id=organisation_id)
    await db.execute(delete(WebhookEndpoint).where(WebhookEndpoint.endpoint_id == endpoint_id))


async def give_secret(
    db: AsyncSession, *, endpoint: WebhookEndpoint, key: bytes, secret_id: UUID, seal: Seal, now: datetime
) -> WebhookSecret:
    """A new secret signs from now on; the one before it signs beside it for a day, older ones no more."""
    await db.execute(
        update(WebhookSecret)
        .where(WebhookSecret.endpoint_id == endpoint.endpoint_id, WebhookSecret.valid_until.is_not(None))
        .values(valid_until=func.least(WebhookSecret.valid_until, now))
    )
    await db.execute(
        update(WebhookSecret)
        .where(WebhookSecret.endpoint_id == endpoint.endpoint_id, WebhookSecret.valid_until.is_(None))
        .values(valid_until=now + rules.OVERLAP)
    )
    secret = WebhookSecret(
        secret_id=secret_id,
        endpoint_id=endpoint.endpoint_id,
        sealed=seal.close(key, str(endpoint.endpoint_id)),
        hint=secret_hint(key),
        created_at=now,
    )
    db.add(secret)
    await db.flush()
    return secret


async def disable_endpoint(db: AsyncSession, *, endpoint: WebhookEndpoint, reason: str, now: datetime) -> None:
    """Switch a locked endpoint off; what waits has failed and can be replayed. 409 `webhook-endpoint-status`."""
    endpoint.status = status_after(rules.ENDPOINT_MOVES, "disable", endpoint.status, noun="webhook-endpoint")
    endpoint.disabled_reason = reason
    endpoint.revision += 1
    await db.flush()
    await db.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint.endpoint_id, WebhookDelivery.status == "WAITING")
        .values(status="FAILED", next_at=None, settled_at=now, error="endpoint-disabled")
    )


async def enable_endpoint(db: AsyncSession, *, endpoint: WebhookEndpoint) -> None:
    """Switch a locked endpoint on again. 409 `webhook-endpoint-status`."""
    endpoint.status = status_after(rules.ENDPOINT_MOVES, "enable", endpoint.status, noun="webhook-endpoint")
    endpoint.disabled_reason = ""
    endpoint.failing_since = None
    endpoint.revision += 1
    await db.flush()


async def plan_deliveries(db: AsyncSession, news: Sequence[Heard], *, now: datetime) -> int:
    """A delivery of each event to each endpoint that chose it; how many. To one that is off it has failed at once: it
    can be replayed when the endpoint works again."""
    seen = [(heard, organisation_id, data) for heard in news for organisation_id, data in rules.audience_of(heard)]
    endpoints = await queries.list_listening(db, {organisation_id for _, organisation_id, _ in seen})
    rows = [
        _delivery_row(
            endpoint, heard.event_id, heard.type, body_of(heard.event_id, heard.type, heard.time, data), now=now
        )
        for heard, organisation_id, data in seen
        for endpoint in endpoints
        if endpoint.organisation_id == organisation_id
        and heard.type in endpoint.event_types
        and heard.time >= endpoint.created_at
    ]
    if not rows:
        return 0
    added = await db.execute(
        insert(WebhookDelivery).values(rows).on_conflict_do_nothing().returning(WebhookDelivery.delivery_id)
    )
    return len(added.all())


async def plan_test(db: AsyncSession, *, endpoint: WebhookEndpoint, now: datetime) -> UUID:
    """A delivery that tells of nothing but itself, for who wants to see whether it arrives."""
    event_id = new_id()
    body = body_of(event_id, rules.TEST_EVENT, now, {"endpoint_id": str(endpoint.endpoint_id)})
    row = _delivery_row(endpoint, event_id, rules.TEST_EVENT, body, now=now)
    await db.execute(insert(WebhookDelivery).values(row))
    delivery_id: UUID = row["delivery_id"]  # type: ignore[assignment]
    return delivery_id


def body_of(event_id: UUID, event_type: str, time: datetime, data: object) -> bytes:
    """The CloudEvent as it is sent and signed, byte for byte."""
    source = f"/{event_type.partition('.')[0]}"
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": source,
            "type": event_type,
            "time": time,
            "datacontenttype": "application/json",
            "data": data,
        },
        default=str,
    )


def _delivery_row(
    endpoint: WebhookEndpoint, event_id: UUID, event_type: str, body: bytes, *, now: datetime
) -> dict[str, object]:
    is_on = endpoint.status == "ACTIVE"
    return {
        "delivery_id": new_id(),
        "endpoint_id": endpoint.endpoint_id,
        "event_id": event_id,
        "event_type": event_type,
        "body": body,
        "status": "WAITING" if is_on else "FAILED",
        "step": 0,
        "attempts": 0,
        "next_at": now if is_on else None,
        "settled_at": None if is_on else now,
        "error": "" if is_on else "endpoint-disabled",
        "created_at": now,
    }


async def claim_due(db: AsyncSession, *, is_failing: bool, room: int, now: datetime) -> list[Claimed]:
    """Take what is due for endpoints that answer (or that fail now), a few of each, at most `room` in all."""
    if room <= 0:
        return []
    claim = new_id()
    each = 1 if is_failing else rules.AT_ONCE_EACH
    values = {"claim": claim, "until": now + rules.CLAIM, "now": now, "room": room, "each": each}
    rows = await db.execute(_CLAIM, {**values, "is_failing": is_failing})
    return [Claimed(row.delivery_id, row.endpoint_id, row.body, row.attempts, row.step, claim) for row in rows]


async def note_outcome(
    db: AsyncSession, claimed: Claimed, outcome: Outcome, *, started_at: datetime, chance: float, now: datetime
) -> WebhookEndpoint | None:
    """Write down how a try went; the endpoint if it was switched off by it. Nothing if somebody else has it by now."""
    endpoint = await db.scalar(
        select(WebhookEndpoint).where(WebhookEndpoint.endpoint_id == claimed.endpoint_id).with_for_update()
    )
    found = await queries.lock_delivery(db, claimed.delivery_id)
    if endpoint is None or found is None or found.claim != claimed.claim:
        return None
    verb = rules.verb_after(outcome, step=claimed.step)
    if verb == "retry" and endpoint.status != "ACTIVE":
        verb = "give up"
    found.status = status_after(rules.MOVES, verb, found.status, noun="webhook-delivery")
    found.claim = None
    is_open = found.status == "WAITING"
    found.next_at = rules.next_try(outcome, step=claimed.step, now=now, chance=chance) if is_open else None
    found.settled_at = None if is_open else now
    found.response_status, found.error = outcome.status, outcome.error
    db.add(
        WebhookAttempt(
            delivery_id=claimed.delivery_id,
            number=claimed.attempts,
            started_at=started_at,
            took_ms=max(0, round((now - started_at).total_seconds() * 1000)),
            response_status=outcome.status,
            excerpt=outcome.excerpt,
            error=outcome.error,
        )
    )
    if outcome.is_success:
        endpoint.failing_since = None
    elif endpoint.failing_since is None:
        endpoint.failing_since = now
    await db.flush()
    is_over = outcome.is_gone or (
        endpoint.failing_since is not None and rules.is_hopeless(endpoint.failing_since, now=now)
    )
    if endpoint.status == "ACTIVE" and is_over:
        await disable_endpoint(db, endpoint=endpoint, reason="gone" if outcome.is_gone else "failing", now=now)
        return endpoint
    return None


async def replay_delivery(db: AsyncSession, *, delivery_id: UUID, organisation_id: UUID, now: datetime) -> None:
    """Send it again from the first step, under the same id. 404; 409 `webhook-endpoint-status` if its endpoint is off,
    `webhook-delivery-status` if it is on its way."""
    known = await queries.get_delivery(db, delivery_id, organisation_id=organisation_id)
    endpoint = await queries.lock_endpoint(db, known.endpoint_id, organisation_id=organisation_id)
    ensure_on(endpoint)
    found = await queries.lock_delivery(db, delivery_id)
    if found is None:
        return
    found.status = status_after(rules.MOVES, "replay", found.status, noun="webhook-delivery")
    found.next_at, found.settled_at, found.step, found.error = now, None, 0, ""
    await db.flush()


async def replay_failed(
    db: AsyncSession, *, endpoint_id: UUID, organisation_id: UUID, since: datetime, now: datetime
) -> int:
    """Send all again that failed since then; how many. 404; 409 `webhook-endpoint-status`."""
    endpoint = await queries.lock_endpoint(db, endpoint_id, organisation_id=organisation_id)
    ensure_on(endpoint)
    again = await db.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.status == "FAILED",
            WebhookDelivery.created_at >= since,
        )
        .values(status="WAITING", next_at=now, settled_at=None, step=0, error="")
        .returning(WebhookDelivery.delivery_id)
    )
    return len(again.all())


def ensure_on(endpoint: WebhookEndpoint) -> None:
    """Nothing is sent to an endpoint that is off. 409 `webhook-endpoint-status`."""
    status_after(rules.ENDPOINT_MOVES, "disable", endpoint.status, noun="webhook-endpoint")


async def purge(db: AsyncSession, *, now: datetime) -> None:
    """Remove deliveries that are over and old."""
    await db.execute(
        delete(WebhookDelivery).where(
            WebhookDelivery.created_at < now - rules.KEPT, WebhookDelivery.settled_at.is_not(None)
        )
    )
