"""What carriers push: a raw body, checked against its signature before anybody reads it."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import Depends, Path, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.carrier import queries, rules
from logistics.vault import SealBroken, Vault
from shared.bodies import read_body
from shared.clock import utc_now
from shared.db import Db
from shared.errors import BadRequest, TooLarge, Unauthenticated
from shared.log import logger

LARGEST_BODY_BYTES = 4_000_000
_REMEMBERED_SECONDS = 5.0
log = logger(__name__)

_ALWAYS = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class KeyRing:
    """Keys that were valid a moment ago, so that not every push reads and opens them again.

    A key's own end is watched at every use. A key that is not here is looked for in the database before a push is
    refused, so a new secret works at once; one that was ended early may work for five seconds more.
    """

    vault: Vault
    _known: dict[str, tuple[float, list[tuple[bytes, datetime]]]] = field(default_factory=dict)

    def remembered(self, carrier_code: str, *, now: datetime) -> list[bytes]:
        """The carrier's keys as of a few seconds ago."""
        until, keys = self._known.get(carrier_code, (0.0, []))
        return [key for key, end in keys if end > now] if until > time.monotonic() else []

    async def read(self, db: AsyncSession, carrier_code: str, *, now: datetime) -> list[bytes]:
        """The carrier's keys as of now."""
        sealed = await queries.list_sealed(db, carrier_code=carrier_code, now=now)
        keys = [(key, end or _ALWAYS) for each, end in sealed if (key := self._open(each, carrier_code)) is not None]
        if keys:
            self._known[carrier_code] = (time.monotonic() + _REMEMBERED_SECONDS, keys)
        return [key for key, _ in keys]

    def _open(self, sealed: bytes, carrier_code: str) -> bytes | None:
        """The key; None, and said in the log, where the settings hold another key than the one it was sealed with."""
        try:
            return self.vault.open(sealed, owner=carrier_code)
        except SealBroken:
            log.exception("a webhook secret cannot be opened: give the carrier a new one", carrier_code=carrier_code)
            return None


@dataclass(frozen=True, slots=True)
class Push:
    """A body that the carrier signed."""

    carrier_code: str
    body: bytes
    received_at: datetime

    def document(self) -> dict[str, Any]:
        """The body as JSON; 400 `body-malformed` where it is none."""
        try:
            document = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise BadRequest("The body is not JSON.", code="body-malformed", field="body") from error
        if not isinstance(document, dict):
            raise BadRequest("The body must be a JSON object.", code="body-malformed", field="body")
        return document


async def read_push(
    request: Request,
    db: Db,
    code: Annotated[str, Path(max_length=64, description="The carrier's code, such as sf-demo.")],
) -> Push:
    """The signed body of this request. 401 `webhook-…` where the signature does not hold, 413 where it is too long."""
    body = await read_body(request, max_bytes=LARGEST_BODY_BYTES, refusal=_too_large())
    now = utc_now()
    ring: KeyRing = request.app.state.key_ring
    headers = {
        "webhook_id": request.headers.get("webhook-id"),
        "timestamp": request.headers.get("webhook-timestamp"),
        "signatures": request.headers.get("webhook-signature"),
    }
    remembered = ring.remembered(code, now=now)
    if remembered:
        try:
            rules.ensure_signed(body, **headers, keys=remembered, now=now)
            return Push(code, body, now)
        except Unauthenticated as refusal:
            if refusal.code != "webhook-signature-invalid":
                raise
    keys = await ring.read(db, code, now=now) if code.isascii() and "\x00" not in code else []
    rules.ensure_signed(body, **headers, keys=keys, now=now)
    return Push(code, body, now)


def _too_large() -> TooLarge:
    return TooLarge(f"A push may have at most {LARGEST_BODY_BYTES} bytes. Send it in pieces.", code="push-too-large")


class RefusedRow(BaseModel):
    """One row that had no effect (yet), and why."""

    index: int
    code: str
    detail: str


class PushTaken(BaseModel):
    """What became of the rows. One refused with `waybill-unknown` is kept, and takes effect when its parcel appears."""

    accepted: int
    repeated: int
    refused: list[RefusedRow]


SignedPush = Annotated[Push, Depends(read_push)]


def body_schema(model: type[BaseModel]) -> dict[str, Any]:
    """OpenAPI of a route whose raw body is read by itself: the headers of the signature, and the body's schema."""
    header = {"in": "header", "required": True, "schema": {"type": "string"}}
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})
    return {
        "parameters": [
            {**header, "name": "webhook-id", "description": "Id of this push; the same when it is sent again."},
            {**header, "name": "webhook-timestamp", "description": "Seconds since 1970 when it was signed."},
            {**header, "name": "webhook-signature", "description": "v1,<base64 HMAC-SHA256> for each valid secret."},
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _whole(schema, parts)}}},
    }


def _whole(schema: Any, parts: dict[str, Any]) -> Any:
    """The schema with its parts in their places: no other document has to hold them."""
    if isinstance(schema, list):
        return [_whole(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _whole(parts[schema["$ref"].rpartition("/")[2]], parts)
    return {name: _whole(each, parts) for name, each in schema.items()}
