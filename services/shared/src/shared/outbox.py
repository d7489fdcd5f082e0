"""The outbox: an event is a row written in the transaction that it tells of, so neither exists without the other.

The feed reads it by `(txid, position)` and only below the oldest transaction still running. A plain sequence would
lose the event of a transaction that took its number early and committed late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bell import note_published
from shared.direct import Direct, Statement
from shared.events import Event
from shared.ids import new_id
from shared.telemetry import current_trace

_INSERT = text("""
    INSERT INTO outbox (id, type, subject, time, correlationid, causationid, traceparent, data)
    SELECT id, type, subject, time, correlationid, causationid, traceparent, data
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS event
        (id uuid, type text, subject text, time timestamptz,
         correlationid text, causationid text, traceparent text, data jsonb)
""")

_FEED = Statement("""
    SELECT horizon.txid::text AS horizon, found.txid::text AS txid, position, id, type, subject, time, correlationid,
           causationid, traceparent, data
    FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS txid) AS horizon
    LEFT JOIN LATERAL (
        SELECT * FROM outbox
        WHERE (outbox.txid, position) > (CAST(CAST(:txid AS text) AS xid8), :position)
          AND outbox.txid < horizon.txid
          AND (CAST(:types AS text[]) IS NULL OR type = ANY(:types))
        ORDER BY outbox.txid, position
        LIMIT :limit
    ) AS found ON true
    ORDER BY found.txid, position
""")


_ENVELOPE = ("id", "type", "subject", "time", "correlationid", "causationid", "traceparent", "data")


@dataclass(frozen=True, slots=True)
class FeedLook:
    """What was found, and the cursor from which to go on: nothing that is wanted lies between."""

    items: list[dict[str, Any]]
    looked_to: str


def outbox_values(event: Event, *, now: datetime) -> dict[str, Any]:
    """The outbox row of an event (all but `position` and `txid`), for a hot path that inserts it in its own statement.

    `now` is the business instant at which it happened. Such a path calls `note_published` too, or readers come late.
    """
    trace = current_trace()
    return {
        "id": new_id(),
        "type": event.type,
        "subject": event.subject,
        "time": now,
        "correlationid": (trace.correlation_id or trace.trace_id) if trace else None,
        "causationid": trace.causation_id if trace else None,
        "traceparent": trace.traceparent if trace else None,
        "data": event.model_dump(mode="json"),
    }


async def publish(db: AsyncSession, *events: Event, now: datetime) -> None:
    """Write the events beside what they tell of; they leave when the transaction commits, or never."""
    if events:
        rows = [outbox_values(event, now=now) for event in events]
        await db.execute(_INSERT, {"rows": orjson.dumps(rows).decode()})
        note_published(db.info, {event.type for event in events})


def read_cursor(cursor: str) -> tuple[int, int]:
    """`"txid-position"` as numbers; empty is the beginning. Raises ValueError for anything else."""
    if not cursor:
        return 0, 0
    txid, _, position = cursor.partition("-")
    place = int(txid), int(position)
    if not (0 <= place[0] < 2**63 and 0 <= place[1] < 2**63):
        raise ValueError("a cursor's numbers are positive 64-bit integers")
    return place


async def read_feed(
    db: AsyncSession | Direct, *, source: str, after: str, limit: int, types: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """The next envelopes after the cursor, oldest first, none that a running transaction could still precede."""
    return (await look_at_feed(db, source=source, after=after, limit=limit, types=types)).items


async def look_at_feed(
    db: AsyncSession | Direct, *, source: str, after: str, limit: int, types: Sequence[str] | None = None
) -> FeedLook:
    """The same, with how far was looked: whoever waits for rare events need not read the others again and again."""
    txid, position = read_cursor(after)
    values = {"txid": str(txid), "position": position, "types": list(types) if types else None, "limit": limit}
    rows = await _FEED.rows(db, values)
    items = [
        {
            "specversion": "1.0",
            "source": source,
            "datacontenttype": "application/json",
            "cursor": f"{txid}-{position}",
            **dict(zip(_ENVELOPE, envelope, strict=True)),
        }
        for _, txid, position, *envelope in rows
        if txid is not None
    ]
    if len(items) == limit:
        return FeedLook(items, items[-1]["cursor"])
    return FeedLook(items, max(after, f"{rows[0]['horizon']}-0", key=read_cursor))
