"""Idempotency-Key: the same request sent twice takes effect once and gets the same answer.

The answer is stored in the transaction of the effect, so there is never one without the other. While the first is
still running a second gets 409; the same key with another body gets 422; a refusal or a fault stores nothing, so the
request may be sent again. Keys belong to their caller and are kept for 24 hours.
(IETF draft-ietf-httpapi-idempotency-key-header-07)
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import OptionalCaller
from shared.db import Db
from shared.errors import BadRequest, Conflict, Invalid

KEPT_FOR = timedelta(hours=24)

_BEGIN = text("""
    SELECT pg_try_advisory_xact_lock(hashtextextended(:caller || ' ' || :key, 20_26)) AS is_first_in_line,
           found.request_hash, found.status, found.body
    FROM (VALUES (1)) AS one
    LEFT JOIN idempotency_keys AS found
        ON found.caller = :caller AND found.key = :key AND found.created_at > now() - make_interval(hours => 24)
""")
STORE = """
    INSERT INTO idempotency_keys (caller, key, request_hash, status, body)
    VALUES (:caller, :key, :request_hash, :status, :body)
    ON CONFLICT (caller, key) DO UPDATE
        SET request_hash = excluded.request_hash, status = excluded.status, body = excluded.body, created_at = now()
        WHERE idempotency_keys.created_at <= now() - interval '24 hours'
    RETURNING 1
"""
_STORE = text(STORE)


class Replay(Exception):  # noqa: N818 - not an error: the answer is known
    """The request was answered before; `shared.problems` sends that answer again."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__("replayed")
        self.status = status
        self.body = body


@dataclass(frozen=True)
class OnceKey:
    """This request's key, already checked: the route body runs only for the first request in line."""

    caller: str
    key: str
    request_hash: bytes

    def values(self, status: int, body: bytes) -> dict[str, Any]:
        """Parameters of `STORE`, for a hot path that stores the answer in its own statement."""
        return {
            "caller": self.caller,
            "key": self.key,
            "request_hash": self.request_hash,
            "status": status,
            "body": body,
        }

    async def answer(self, db: AsyncSession, model: BaseModel | dict[str, Any], *, status: int = 200) -> Response:
        """Store the answer beside the effect and return it as the response."""
        body = model.model_dump_json().encode() if isinstance(model, BaseModel) else orjson.dumps(model, default=str)
        stored = await db.execute(_STORE, self.values(status, body))
        if stored.first() is None:
            raise still_running()
        return Response(body, status_code=status, media_type="application/json")


def still_running() -> Conflict:
    """The refusal of a request whose twin has not been answered yet."""
    return Conflict(
        "A request with this Idempotency-Key is still running. Send it again in a moment.",
        code="idempotency-key-in-use",
    )


def check_earlier(
    key: OnceKey, *, is_first_in_line: bool, request_hash: bytes | None, status: int | None, body: bytes | None
) -> None:
    """Decide by what is stored under the key: go on, replay, or refuse."""
    if request_hash is not None and status is not None and body is not None:
        if request_hash != key.request_hash:
            raise Invalid(
                "This Idempotency-Key was used for another request. Use a new key for a new request.",
                code="idempotency-key-reused",
                field="Idempotency-Key",
            )
        raise Replay(status, body)
    if not is_first_in_line:
        raise still_running()


async def read_once_key(
    request: Request,
    caller: OptionalCaller,
    idempotency_key: Annotated[
        str | None, Header(description="Any text of 1 to 255 characters, new for each new request.")
    ] = None,
) -> OnceKey:
    """The key of this request, not yet looked up. 400 without one."""
    if idempotency_key is None or not 1 <= len(idempotency_key) <= 255 or not idempotency_key.isascii():  # noqa: PLR2004
        raise BadRequest(
            "Send Idempotency-Key: 1 to 255 ASCII characters, new for each new request.",
            code="idempotency-key-missing" if idempotency_key is None else "idempotency-key-invalid",
            field="Idempotency-Key",
        )
    digest = hashlib.sha256(f"{request.method} {request.scope['path']}\n".encode())
    digest.update(await request.body())
    owner = f"{caller.person_id}:{caller.organisation_id or ''}" if caller else "anonymous"
    return OnceKey(owner, idempotency_key, digest.digest())


async def begin_once(db: Db, key: Annotated[OnceKey, Depends(read_once_key)]) -> OnceKey:
    """Look the key up and hold its place for the rest of the transaction."""
    earlier = (await db.execute(_BEGIN, {"caller": key.caller, "key": key.key})).one()
    check_earlier(
        key,
        is_first_in_line=earlier.is_first_in_line,
        request_hash=earlier.request_hash,
        status=earlier.status,
        body=earlier.body,
    )
    return key


OnceUnchecked = Annotated[OnceKey, Depends(read_once_key)]
Once = Annotated[OnceKey, Depends(begin_once)]
