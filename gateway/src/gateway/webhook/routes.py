"""Webhooks of the organisation that one administers: endpoints, secrets, deliveries, replay. 403 `not-an-administrator`
for everybody else."""

import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response

from gateway.access import IdentityDep, PartsDep, security_schemes, transactions
from gateway.organisation.rules import ADMIN
from gateway.webhook import actions, queries, rules
from gateway.webhook.models import WebhookDelivery
from gateway.webhook.queries import Place, WantedDeliveries
from gateway.webhook.schemas import (
    AttemptLine,
    DeliveryDetail,
    DeliveryLine,
    DeliveryStatus,
    EndpointDetail,
    EndpointInput,
    EndpointLine,
    MadeEndpoint,
    MadeSecret,
    ReplayedCount,
    ReplaySince,
    SecretLine,
)
from gateway.webhook_sender import Sender
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Db, Read, Transactions
from shared.errors import BadRequest, Forbidden
from shared.etag import IfMatch, etag_of
from shared.ids import new_id
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import Row, SheetFormat, sheet_response
from shared.webhooks import SECRET_BYTES, secret_text

router = APIRouter(prefix="/v1", tags=["webhook"], dependencies=security_schemes())

_BATCH = 500
_HEAD = ("时间", "事件", "状态", "尝试次数", "应答", "说明", "下次尝试", "推送编号")
Status = Annotated[DeliveryStatus | None, Query(description="Only deliveries in this state.")]
Search = Annotated[str, Query(max_length=100, description="Any part of the event's type or of the body.")]


def managed_by(caller: Caller) -> UUID:
    """The organisation that an administrator acts for; 403 `not-an-administrator`."""
    if caller.organisation_id is None or ADMIN not in caller.roles:
        raise Forbidden("Act for an organisation that you administer.", code="not-an-administrator")
    return caller.organisation_id


async def read_organisation(identity: IdentityDep) -> UUID:
    """The calling administrator's organisation."""
    return managed_by(identity.caller)


def sender_of(request: Request) -> Sender:
    """What sends deliveries."""
    found: Sender = request.app.state.webhook_sender
    return found


OrganisationId = Annotated[UUID, Depends(read_organisation)]
SenderDep = Annotated[Sender, Depends(sender_of)]


@router.get("/webhook-endpoints")
async def list_endpoints(organisation_id: OrganisationId, db: Read) -> Page[EndpointLine]:
    """All endpoints of the organisation, the oldest first."""
    return Page(items=[EndpointLine.of(each) for each in await queries.list_endpoints(db, organisation_id)])


@router.post("/webhook-endpoints", status_code=201)
async def post_endpoint(
    organisation_id: OrganisationId,
    identity: IdentityDep,
    body: Annotated[EndpointInput, Body()],
    parts: PartsDep,
    db: Db,
) -> MadeEndpoint:
    """Register an address; its secret is in this answer and nowhere else (so no Idempotency-Key keeps it).

    409 `webhook-endpoints-full`; 422 `webhook-url-invalid`, `webhook-event-unknown`.
    """
    now, key = utc_now(), secrets.token_bytes(SECRET_BYTES)
    endpoint = await actions.create_endpoint(
        db,
        endpoint_id=new_id(),
        organisation_id=organisation_id,
        url=rules.ensure_url(body.url, allows_local=parts.settings.allows_local_webhooks),
        description=body.description,
        event_types=body.event_types,
        created_by=identity.caller.person_id,
        now=now,
    )
    await actions.give_secret(db, endpoint=endpoint, key=key, secret_id=new_id(), seal=parts.seal, now=now)
    return MadeEndpoint(endpoint=EndpointLine.of(endpoint), secret=secret_text(key))


@router.get("/webhook-endpoints/{endpoint_id}")
async def get_endpoint(
    endpoint_id: UUID, organisation_id: OrganisationId, response: Response, db: Read
) -> EndpointDetail:
    """One endpoint, with the ETag that a change must name. 404 `webhook-endpoint-not-found`."""
    endpoint = await queries.get_endpoint(db, endpoint_id, organisation_id=organisation_id)
    signing = await queries.list_secrets(db, endpoint_id, now=utc_now())
    response.headers["ETag"] = etag_of(endpoint.revision)
    return EndpointDetail.whole(endpoint, [SecretLine.of(each) for each in signing])


@router.put("/webhook-endpoints/{endpoint_id}")
async def put_endpoint(
    endpoint_id: UUID,
    organisation_id: OrganisationId,
    response: Response,
    body: Annotated[EndpointInput, Body()],
    expected_revision: IfMatch,
    parts: PartsDep,
    db: Db,
) -> EndpointLine:
    """Another address or other events. 404; 412 `stale`; 422 `webhook-url-invalid`, `webhook-event-unknown`."""
    endpoint = await actions.change_endpoint(
        db,
        endpoint_id=endpoint_id,
        organisation_id=organisation_id,
        url=rules.ensure_url(body.url, allows_local=parts.settings.allows_local_webhooks),
        description=body.description,
        event_types=body.event_types,
        expected_revision=expected_revision,
    )
    response.headers["ETag"] = etag_of(endpoint.revision)
    return EndpointLine.of(endpoint)


@router.delete("/webhook-endpoints/{endpoint_id}", status_code=204)
async def delete_endpoint(endpoint_id: UUID, organisation_id: OrganisationId, db: Db) -> None:
    """Remove it with its deliveries. 404 `webhook-endpoint-not-found`."""
    await actions.remove_endpoint(db, endpoint_id=endpoint_id, organisation_id=organisation_id)


@router.post("/webhook-endpoints/{endpoint_id}/secret")
async def post_secret(endpoint_id: UUID, organisation_id: OrganisationId, parts: PartsDep, db: Db) -> MadeSecret:
    """A new secret; the old one signs beside it for 24 hours. 404 `webhook-endpoint-not-found`."""
    key = secrets.token_bytes(SECRET_BYTES)
    endpoint = await queries.lock_endpoint(db, endpoint_id, organisation_id=organisation_id)
    await actions.give_secret(db, endpoint=endpoint, key=key, secret_id=new_id(), seal=parts.seal, now=utc_now())
    return MadeSecret(secret=secret_text(key))


@router.post("/webhook-endpoints/{endpoint_id}/disable")
async def post_disable(endpoint_id: UUID, organisation_id: OrganisationId, db: Db) -> EndpointLine:
    """Switch it off; what waits has failed. 404; 409 `webhook-endpoint-status`."""
    endpoint = await queries.lock_endpoint(db, endpoint_id, organisation_id=organisation_id)
    await actions.disable_endpoint(db, endpoint=endpoint, reason="owner", now=utc_now())
    return EndpointLine.of(endpoint)


@router.post("/webhook-endpoints/{endpoint_id}/enable")
async def post_enable(endpoint_id: UUID, organisation_id: OrganisationId, db: Db) -> EndpointLine:
    """Switch it on again. 404; 409 `webhook-endpoint-status`."""
    endpoint = await queries.lock_endpoint(db, endpoint_id, organisation_id=organisation_id)
    await actions.enable_endpoint(db, endpoint=endpoint)
    return EndpointLine.of(endpoint)


@router.post("/webhook-endpoints/{endpoint_id}/test", status_code=202)
async def post_test(endpoint_id: UUID, organisation_id: OrganisationId, sender: SenderDep, db: Db) -> DeliveryLine:
    """Send something that tells of nothing. 404; 409 `webhook-endpoint-status`."""
    endpoint = await queries.lock_endpoint(db, endpoint_id, organisation_id=organisation_id)
    actions.ensure_on(endpoint)
    delivery_id = await actions.plan_test(db, endpoint=endpoint, now=utc_now())
    sender.ring_after(db)
    return DeliveryLine.of(await queries.get_delivery(db, delivery_id, organisation_id=organisation_id))


@router.post("/webhook-endpoints/{endpoint_id}/replay")
async def post_replay_failed(
    endpoint_id: UUID,
    organisation_id: OrganisationId,
    body: Annotated[ReplaySince, Body()],
    sender: SenderDep,
    db: Db,
) -> ReplayedCount:
    """Send all again that failed since then. 404; 409 `webhook-endpoint-status`."""
    count = await actions.replay_failed(
        db, endpoint_id=endpoint_id, organisation_id=organisation_id, since=body.since, now=utc_now()
    )
    sender.ring_after(db)
    return ReplayedCount(count=count)


def read_place(cursor: str | None) -> Place | None:
    """The place after which a page begins; 400 `cursor-invalid`."""
    if cursor is None:
        return None
    at, delivery_id = decode_cursor(cursor, size=2)
    try:
        place = datetime.fromisoformat(str(at)), UUID(str(delivery_id))
    except ValueError:
        place = None
    if place is None or place[0].tzinfo is None:
        raise BadRequest("The cursor is not one of ours.", code="cursor-invalid", field="cursor")
    return place


def next_cursor(found: Sequence[WebhookDelivery], limit: int) -> str | None:
    """Where the next page begins; None on the last."""
    last = found[limit - 1] if len(found) > limit else None
    return None if last is None else encode_cursor(last.created_at.isoformat(), last.delivery_id)


@router.get("/webhook-endpoints/{endpoint_id}/deliveries")
async def list_deliveries(
    endpoint_id: UUID,
    organisation_id: OrganisationId,
    db: Read,
    status: Status = None,
    q: Search = "",
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[DeliveryLine]:
    """Deliveries to the endpoint, the newest first. 400 `cursor-invalid`; 404."""
    await queries.get_endpoint(db, endpoint_id, organisation_id=organisation_id)
    wanted = WantedDeliveries(endpoint_id, status or "", q.replace("\x00", ""))
    found = await queries.list_deliveries(db, wanted, after=read_place(cursor), limit=limit + 1)
    return Page(items=[DeliveryLine.of(each) for each in found[:limit]], next_cursor=next_cursor(found, limit))


@router.get("/webhook-endpoints/{endpoint_id}/deliveries/export", response_class=Response)
async def export_deliveries(
    request: Request,
    endpoint_id: UUID,
    organisation_id: OrganisationId,
    form: SheetFormat = "csv",
    status: Status = None,
    q: Search = "",
) -> Response:
    """The same list as a file. 404."""
    wanted = WantedDeliveries(endpoint_id, status or "", q.replace("\x00", ""))
    database = transactions(request)
    async with database.read() as db:
        await queries.get_endpoint(db, endpoint_id, organisation_id=organisation_id)
    return await sheet_response(form, name="推送记录", head=_HEAD, batches=_sheet_rows(database, wanted))


async def _sheet_rows(database: Transactions, wanted: WantedDeliveries) -> AsyncIterator[Sequence[Row]]:
    after: Place | None = None
    while True:
        async with database.read() as db:
            found = await queries.list_deliveries(db, wanted, after=after, limit=_BATCH)
        if not found:
            return
        yield [
            (
                each.created_at,
                each.event_type,
                each.status,
                each.attempts,
                each.response_status,
                each.error,
                each.next_at,
                rules.webhook_id(each.delivery_id),
            )
            for each in found
        ]
        after = found[-1].created_at, found[-1].delivery_id


@router.get("/webhook-deliveries/{delivery_id}")
async def get_delivery(delivery_id: UUID, organisation_id: OrganisationId, db: Read) -> DeliveryDetail:
    """One delivery with its body and every try. 404 `webhook-delivery-not-found`."""
    found = await queries.get_delivery(db, delivery_id, organisation_id=organisation_id)
    tries = await queries.list_attempts(db, delivery_id)
    return DeliveryDetail.whole(found, [AttemptLine.of(each) for each in tries])


@router.post("/webhook-deliveries/{delivery_id}/replay", status_code=202)
async def post_replay(delivery_id: UUID, organisation_id: OrganisationId, sender: SenderDep, db: Db) -> DeliveryLine:
    """Send it again under the same id. 404; 409 `webhook-delivery-status`, `webhook-endpoint-status`."""
    await actions.replay_delivery(db, delivery_id=delivery_id, organisation_id=organisation_id, now=utc_now())
    sender.ring_after(db)
    return DeliveryLine.of(await queries.get_delivery(db, delivery_id, organisation_id=organisation_id))
