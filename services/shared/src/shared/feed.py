"""GET /events: this service's outbox as a feed of CloudEvents, with a long poll that LISTEN/NOTIFY wakes."""

import asyncio
import secrets
from collections.abc import Collection
from time import monotonic
from typing import Annotated, Any

import asyncpg
import orjson
from fastapi import APIRouter, Header, Query, Request, Response

from shared.bell import CHANNEL
from shared.direct import standing_alone
from shared.errors import BadRequest, Unauthenticated
from shared.log import logger
from shared.outbox import look_at_feed, read_cursor

_HIDDEN_EVENT_SECONDS = 0.02
_UNPROMPTED_LOOK_SECONDS = 1.0
_SHORTEST_PAUSE_SECONDS = 0.01

log = logger(__name__)


class FeedSignal:
    """Wakes the waiting readers of what was committed, and no others; reconnects by itself."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: dict[asyncio.Future[None], frozenset[str] | None] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen from now on."""
        self._task = asyncio.create_task(self._listen(), name="feed-signal")

    async def stop(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait(self, seconds: float, types: Collection[str] | None = None) -> bool:
        """True when an event of these types (of any, for None) was committed within that time."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = None if types is None else frozenset(types)
        try:
            await asyncio.wait_for(waiter, seconds)
        except TimeoutError:
            return False
        finally:
            del self._waiting[waiter]
        return True

    def ring(self, types: Collection[str] = ()) -> None:
        """Wake those who wait now for one of the types, or all if none is named; who comes later waits on."""
        for waiter, wanted in self._waiting.items():
            if not waiter.done() and (not types or wanted is None or not wanted.isdisjoint(types)):
                waiter.set_result(None)

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        self.ring(str(payload).split())

    async def _listen(self) -> None:
        while True:
            try:
                connection = await asyncpg.connect(self._url)
                closed = asyncio.Event()
                connection.add_termination_listener(lambda *_, closed=closed: closed.set())
                await connection.add_listener(CHANNEL, self._hear)
                self.ring()
                try:
                    await closed.wait()
                finally:
                    await connection.close(timeout=2)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.warning("feed signal lost; readers look by themselves until it is back", error=str(error))
                await asyncio.sleep(1)


def ensure_events_token(request: Request, authorization: str | None) -> None:
    """Only our own services may read events: they carry addresses."""
    wanted = f"Bearer {request.app.state.settings.events_token.get_secret_value()}"
    if authorization is None or not secrets.compare_digest(authorization.encode(), wanted.encode()):
        raise Unauthenticated("Events are read with the token that our services share.", code="events-token-wrong")


router = APIRouter(tags=["events"])


@router.get("/events", include_in_schema=False)
async def read_events(
    request: Request,
    authorization: Annotated[str | None, Header()] = None,
    after: Annotated[str, Query(max_length=41)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    wait_seconds: Annotated[float, Query(ge=0, le=30)] = 0,
    event_type: Annotated[list[str] | None, Query(alias="type")] = None,
) -> Response:
    """The events after a cursor, at most `limit`; with none yet, waits up to `wait_seconds` for one."""
    ensure_events_token(request, authorization)
    try:
        read_cursor(after)
    except ValueError as error:
        raise BadRequest("The cursor is `txid-position`.", code="cursor-invalid", field="after") from error
    items = await _await_events(request, after=after, limit=limit, wait_seconds=wait_seconds, types=event_type)
    next_cursor = items[-1]["cursor"] if items else after
    return Response(
        orjson.dumps({"items": items, "next_cursor": next_cursor}, default=str), media_type="application/json"
    )


async def _await_events(
    request: Request, *, after: str, limit: int, wait_seconds: float, types: list[str] | None
) -> list[dict[str, Any]]:
    """Look, then look again whenever one of the types was committed. An event can stay hidden behind an older
    transaction that still runs, so after a ring without a sight of it we look again shortly, then less and less often.
    Each look begins where the last one ended, and under a storm of rings there is one look for many of them."""
    state = request.app.state
    deadline = monotonic() + wait_seconds
    pause = _UNPROMPTED_LOOK_SECONDS
    while True:
        ring = asyncio.ensure_future(state.feed_signal.wait(pause, types))
        looked_at = monotonic()
        try:
            async with standing_alone(state.database) as db:
                look = await look_at_feed(db, source=f"/{state.service.name}", after=after, limit=limit, types=types)
            if look.items or monotonic() >= deadline or state.is_stopping:
                return look.items
            after = look.looked_to
            pause = _HIDDEN_EVENT_SECONDS if await ring else min(pause * 2, _UNPROMPTED_LOOK_SECONDS)
            await asyncio.sleep(max(0.0, looked_at + _SHORTEST_PAUSE_SECONDS - monotonic()))
        finally:
            ring.cancel()
