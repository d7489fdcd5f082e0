"""Webhooks of an organisation: its endpoints, the secret that is shown once, what was sent, and sending it again."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.access import PartsDep
from gateway.pages.account import Choice
from gateway.pages.listing import PAGE_SIZE, Listing, listing_of
from gateway.pages.parts import Filter, Head
from gateway.pages.shell import Page, PageDep
from gateway.pages.typed import Typed
from gateway.pages.work import ensure_kind
from gateway.visitor import CheckedForm, SignedIn, Visitor
from gateway.webhook import actions, queries, rules
from gateway.webhook.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret
from gateway.webhook.queries import WantedDeliveries
from gateway.webhook.routes import SenderDep, export_deliveries, managed_by, next_cursor, read_place
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import Invalid, NotFound, Refusal
from shared.ids import new_id
from shared.webhooks import SECRET_BYTES, secret_text

router = APIRouter(default_response_class=Response)

PATH: Final = "/work/webhooks"
_STATUSES: Final = ("WAITING", "SENDING", "DELIVERED", "FAILED")
_TONES: Final = {"WAITING": "", "SENDING": "", "DELIVERED": "leaf", "FAILED": "urgent", "ACTIVE": "leaf"}
_SINCE_DAYS: Final = (1, 3, 7, 30)
_LONGEST_URL: Final = 2000
_LONGEST_NOTE: Final = 200


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint as the list prints it."""

    endpoint_id: UUID
    url: str
    description: str
    events: str
    status: str
    tone: str
    note: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery as the list prints it."""

    delivery_id: UUID
    at: str
    event: str
    status: str
    tone: str
    attempts: int
    answer: str
    next_at: str


@dataclass(frozen=True, slots=True)
class AttemptView:
    """A try as its delivery's page prints it."""

    number: int
    at: str
    took_ms: int
    answer: str
    excerpt: str


def _organisation(visitor: Visitor) -> UUID:
    ensure_kind(visitor, "supplier", "institution")
    assert visitor.caller is not None  # noqa: S101 - SignedIn
    return managed_by(visitor.caller)


def event_choices(page: Page) -> list[Choice]:
    """The events that may be chosen."""
    return [Choice(each, page.t.names["webhook_event"][each]) for each in rules.EVENT_TYPES]


def endpoint_view(endpoint: WebhookEndpoint, page: Page) -> EndpointView:
    """As the list prints it."""
    t, names = page.t.webhooks, page.t.names
    note = names["webhook_disabled_reason"].get(endpoint.disabled_reason, "")
    if endpoint.status == "ACTIVE" and endpoint.failing_since is not None:
        note = t.failing_since(time=page.time(endpoint.failing_since.isoformat()))
    return EndpointView(
        endpoint.endpoint_id,
        endpoint.url,
        endpoint.description,
        "、".join(names["webhook_event"].get(each, each) for each in endpoint.event_types),
        names["webhook_endpoint_status"][endpoint.status],
        _TONES.get(endpoint.status, "urgent"),
        note,
    )


def delivery_view(delivery: WebhookDelivery, page: Page) -> DeliveryView:
    """As the list prints it."""
    names = page.t.names
    error = names["webhook_error"].get(delivery.error, delivery.error)
    return DeliveryView(
        delivery.delivery_id,
        page.time(delivery.created_at.isoformat()),
        names["webhook_event"].get(delivery.event_type, delivery.event_type),
        names["webhook_delivery_status"][delivery.status],
        _TONES[delivery.status],
        delivery.attempts,
        error or (str(delivery.response_status) if delivery.response_status else ""),
        page.time(delivery.next_at.isoformat()) if delivery.next_at is not None else "",
    )


def attempt_view(attempt: WebhookAttempt, page: Page) -> AttemptView:
    """As the page prints it."""
    return AttemptView(
        attempt.number,
        page.time(attempt.started_at.isoformat()),
        attempt.took_ms,
        attempt.error or str(attempt.response_status),
        attempt.excerpt,
    )


@router.get("/work/webhooks")
async def get_webhooks(page: PageDep, visitor: SignedIn, db: Read) -> Response:
    """The endpoints, and a form for one more."""
    endpoints = await queries.list_endpoints(db, _organisation(visitor))
    return _list_page(page, endpoints)


def _list_page(
    page: Page, endpoints: Sequence[WebhookEndpoint], *, typed: Any = None, refusal: Refusal | None = None
) -> Response:
    t = page.t.webhooks
    done = page.request.query_params.get("done", "")
    return page.render(
        "webhooks.html",
        status=refusal.status if refusal else 200,
        endpoints=[endpoint_view(each, page) for each in endpoints],
        heads=[Head(t.url), Head(t.events), Head(t.state)],
        events=event_choices(page),
        typed=typed or Typed({"url": "https://", "description": ""}),
        chosen=(typed or {}).get("event_types", "").split(),
        errors=Typed({refusal.field or "": page.told(refusal)} if refusal else {}),
        error=page.told(refusal) if refusal and not refusal.field else "",
        notice=page.t.names["webhooks_done"].get(done, ""),
    )


def _typed(form: FormData, *, allows_local: bool) -> tuple[str, str, list[str]]:
    """Address, note and events of the form. 422 `webhook-url-invalid`, `webhook-event-unknown`."""
    url = str(form.get("url", "")).strip()
    note = "".join(each for each in str(form.get("description", "")) if each.isprintable()).strip()
    chosen = [str(each) for each in form.getlist("event_types")]
    rules.ensure_url(url if len(url) <= _LONGEST_URL else "", allows_local=allows_local)
    return url, note[:_LONGEST_NOTE], rules.ensure_event_types(chosen)


@router.post("/work/webhooks")
async def post_webhook(page: PageDep, visitor: SignedIn, form: CheckedForm, parts: PartsDep, db: Db) -> Response:
    """One more endpoint; its secret is on the page that follows and nowhere else."""
    organisation_id, now, key = _organisation(visitor), utc_now(), secrets.token_bytes(SECRET_BYTES)
    assert visitor.person_id is not None  # noqa: S101 - SignedIn
    try:
        url, note, chosen = _typed(form, allows_local=parts.settings.allows_local_webhooks)
        endpoint = await actions.create_endpoint(
            db,
            endpoint_id=new_id(),
            organisation_id=organisation_id,
            url=url,
            description=note,
            event_types=chosen,
            created_by=visitor.person_id,
            now=now,
        )
    except Refusal as refusal:
        typed = {name: str(form.get(name, "")) for name in ("url", "description")}
        typed["event_types"] = " ".join(str(each) for each in form.getlist("event_types"))
        return _list_page(page, await queries.list_endpoints(db, organisation_id), typed=Typed(typed), refusal=refusal)
    await actions.give_secret(db, endpoint=endpoint, key=key, secret_id=new_id(), seal=parts.seal, now=now)
    return page.render("webhook_secret.html", endpoint_id=endpoint.endpoint_id, url=url, secret=secret_text(key))


@router.get("/work/webhooks/{endpoint_id}.{form}")
async def get_file(page: PageDep, request: Request, visitor: SignedIn, endpoint_id: UUID, form: str) -> Response:
    """The same list of deliveries as a file."""
    organisation_id = _organisation(visitor)
    listing = asked_list(page, endpoint_id)
    status: Any = listing.values.status or None
    return await export_deliveries(
        request, endpoint_id, organisation_id, "xlsx" if form == "xlsx" else "csv", status, listing.q
    )


@router.get("/work/webhooks/{endpoint_id}")
async def get_webhook(page: PageDep, visitor: SignedIn, db: Read, endpoint_id: UUID) -> Response:
    """One endpoint and what was sent to it."""
    return await _endpoint_page(page, db, endpoint_id, _organisation(visitor))


async def _endpoint_page(
    page: Page, db: AsyncSession, endpoint_id: UUID, organisation_id: UUID, *, refusal: Refusal | None = None
) -> Response:
    endpoint = await queries.get_endpoint(db, endpoint_id, organisation_id=organisation_id)
    signing = await queries.list_secrets(db, endpoint_id, now=utc_now())
    listing = asked_list(page, endpoint_id)
    wanted = WantedDeliveries(endpoint_id, listing.values.status, listing.q)
    found = await queries.list_deliveries(db, wanted, after=read_place(listing.cursor or None), limit=PAGE_SIZE + 1)
    done = page.request.query_params.get("done", "")
    return page.render(
        "webhook.html",
        status=refusal.status if refusal else 200,
        **endpoint_context(page, endpoint, signing, listing, found),
        errors=Typed({refusal.field or "": page.told(refusal)} if refusal else {}),
        error=page.told(refusal) if refusal and not refusal.field else "",
        notice=page.t.names["webhooks_done"].get(done, ""),
    )


def asked_list(page: Page, endpoint_id: UUID) -> Listing:
    """What the address of the list of deliveries asks for."""
    return listing_of(page.request, path=f"{PATH}/{endpoint_id}", filters={"status": _STATUSES})


def endpoint_context(
    page: Page,
    endpoint: WebhookEndpoint,
    signing: Sequence[WebhookSecret],
    listing: Listing,
    found: Sequence[WebhookDelivery],
) -> dict[str, Any]:
    """What an endpoint's page is drawn from."""
    t, states = page.t.webhooks, page.t.names["webhook_delivery_status"]
    return {
        "endpoint": endpoint,
        "view": endpoint_view(endpoint, page),
        "secrets": [
            (each.hint, page.time(each.valid_until.isoformat()) if each.valid_until is not None else "")
            for each in signing
        ],
        "events": event_choices(page),
        "listing": listing,
        "rows": [delivery_view(each, page) for each in found[:PAGE_SIZE]],
        "next_cursor": next_cursor(found, PAGE_SIZE),
        "heads": [
            Head(t.at),
            Head(t.event),
            Head(t.state),
            Head(t.tries, is_number=True),
            Head(t.answer),
            Head(t.next_try),
        ],
        "filters": [Filter("status", t.state, [Choice(each, states[each]) for each in _STATUSES], t.all)],
        "spans": [Choice(str(days), t.since_days(n=days)) for days in _SINCE_DAYS],
    }


@router.post("/work/webhooks/{endpoint_id}")
async def post_change(
    page: PageDep, visitor: SignedIn, form: CheckedForm, parts: PartsDep, db: Db, endpoint_id: UUID
) -> Response:
    """Another address or other events, as it was when the page was read."""
    organisation_id = _organisation(visitor)
    try:
        url, note, chosen = _typed(form, allows_local=parts.settings.allows_local_webhooks)
        revision = str(form.get("revision", ""))
        await actions.change_endpoint(
            db,
            endpoint_id=endpoint_id,
            organisation_id=organisation_id,
            url=url,
            description=note,
            event_types=chosen,
            expected_revision=int(revision) if revision.isascii() and revision.isdigit() else 0,
        )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _endpoint_page(page, db, endpoint_id, organisation_id, refusal=refusal)
    return page.go(f"{PATH}/{endpoint_id}", done="saved")


@router.post("/work/webhooks/{endpoint_id}/secret")
async def post_secret(
    page: PageDep, visitor: SignedIn, form: CheckedForm, parts: PartsDep, db: Db, endpoint_id: UUID
) -> Response:
    """A new secret, shown on the page that follows and nowhere else."""
    del form
    key = secrets.token_bytes(SECRET_BYTES)
    endpoint = await queries.lock_endpoint(db, endpoint_id, organisation_id=_organisation(visitor))
    await actions.give_secret(db, endpoint=endpoint, key=key, secret_id=new_id(), seal=parts.seal, now=utc_now())
    return page.render("webhook_secret.html", endpoint_id=endpoint_id, url=endpoint.url, secret=secret_text(key))


@router.post("/work/webhooks/{endpoint_id}/verb")
async def post_verb(
    page: PageDep, visitor: SignedIn, form: CheckedForm, sender: SenderDep, db: Db, endpoint_id: UUID
) -> Response:
    """Try it, switch it off or on, remove it, or send again what failed."""
    organisation_id, verb = _organisation(visitor), str(form.get("verb", ""))
    endpoint = await queries.lock_endpoint(db, endpoint_id, organisation_id=organisation_id)
    try:
        await _do(db, endpoint, verb, str(form.get("days", "")))
    except Refusal as refusal:
        return await _endpoint_page(page, db, endpoint_id, organisation_id, refusal=refusal)
    sender.ring_after(db)
    return page.go(PATH if verb == "remove" else f"{PATH}/{endpoint_id}", done=verb)


async def _do(db: AsyncSession, endpoint: WebhookEndpoint, verb: str, days: str) -> None:
    now, endpoint_id, organisation_id = utc_now(), endpoint.endpoint_id, endpoint.organisation_id
    if verb == "test":
        actions.ensure_on(endpoint)
        await actions.plan_test(db, endpoint=endpoint, now=now)
    elif verb == "disable":
        await actions.disable_endpoint(db, endpoint=endpoint, reason="owner", now=now)
    elif verb == "enable":
        await actions.enable_endpoint(db, endpoint=endpoint)
    elif verb == "remove":
        await actions.remove_endpoint(db, endpoint_id=endpoint_id, organisation_id=organisation_id)
    elif verb == "replay" and days in {str(each) for each in _SINCE_DAYS}:
        since = now - timedelta(days=int(days))
        await actions.replay_failed(db, endpoint_id=endpoint_id, organisation_id=organisation_id, since=since, now=now)
    else:
        raise Invalid("This page knows no such action.", code="verb-unknown")


@router.get("/work/webhooks/deliveries/{delivery_id}")
async def get_delivery(page: PageDep, visitor: SignedIn, db: Read, delivery_id: UUID) -> Response:
    """One delivery: what was sent, and every answer."""
    return await _delivery_page(page, db, delivery_id, _organisation(visitor))


async def _delivery_page(
    page: Page, db: AsyncSession, delivery_id: UUID, organisation_id: UUID, *, refusal: Refusal | None = None
) -> Response:
    t = page.t.webhooks
    delivery = await queries.get_delivery(db, delivery_id, organisation_id=organisation_id)
    attempts = await queries.list_attempts(db, delivery_id)
    return page.render(
        "webhook_delivery.html",
        status=refusal.status if refusal else 200,
        delivery=delivery,
        view=delivery_view(delivery, page),
        webhook_id=rules.webhook_id(delivery_id),
        body=orjson.dumps(orjson.loads(delivery.body), option=orjson.OPT_INDENT_2).decode(),
        attempts=[attempt_view(each, page) for each in attempts],
        heads=[Head(t.number), Head(t.at), Head(t.took, is_number=True, unit="ms"), Head(t.answer), Head(t.excerpt)],
        can_replay=delivery.status in rules.MOVES["replay"][0],
        error=page.told(refusal) if refusal else "",
        notice=page.t.names["webhooks_done"].get(page.request.query_params.get("done", ""), ""),
    )


@router.post("/work/webhooks/deliveries/{delivery_id}/replay")
async def post_replay(
    page: PageDep, visitor: SignedIn, form: CheckedForm, sender: SenderDep, db: Db, delivery_id: UUID
) -> Response:
    """Send it again under the same id."""
    del form
    organisation_id = _organisation(visitor)
    try:
        await actions.replay_delivery(db, delivery_id=delivery_id, organisation_id=organisation_id, now=utc_now())
    except NotFound:
        raise
    except Refusal as refusal:
        return await _delivery_page(page, db, delivery_id, organisation_id, refusal=refusal)
    sender.ring_after(db)
    return page.go(f"{PATH}/deliveries/{delivery_id}", done="again")
