"""Every operation answers as its OpenAPI document says, whatever it is asked: never by a fault of ours, never with a
status, a content type or a body that is not documented."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from standardwebhooks import Webhook

from shared.clock import utc_now
from tests.e2e.house import House
from tests.e2e.market import ADDRESS, Carrier, Headers, Market, Pack
from tests.e2e.people import member

EXAMPLES = {GenerationMode.POSITIVE: 15, GenerationMode.NEGATIVE: 6}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@dataclass
class Seeded:
    """Things that exist, so that generated requests also reach what lies behind a 404; and who may ask."""

    callers: list[Headers]
    carrier: Carrier
    known: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture
async def seeded(house: House, market: Market, as_caller: Callable[..., Headers]) -> Seeded:
    """A paid order of two suppliers, one part of it sent, and one order that waits for its money."""
    buyer_id = uuid4()
    buyer = as_caller(person_id=buyer_id)
    packs = [await market.pack(await market.supplier()) for _ in range(2)]
    order = await market.buy(buyer, (packs[0], 2), (packs[1], 1))
    waiting = await market.order(buyer, (packs[0], 1))
    payment_id = await market.open_payment(buyer, waiting)
    await house.drain()
    carrier = await market.carrier()
    shipments = await market.shipments(buyer, order)
    waybill_number = await market.dispatch(carrier, shipments[0])
    await market.measure(carrier, waybill_number, [(datetime.now(UTC), 3.0)])
    parcels = [parcel for each in await market.shipments(buyer, order) for parcel in each["parcels"]]
    offer_id, booking_id = await booked_ahead(market, packs[0], buyer)
    known = {
        "offer_id": [offer_id],
        "booking_id": [booking_id, order["order_id"]],
        "sku_id": [pack.sku_id for pack in packs],
        "product_id": [pack.product_id for pack in packs],
        "supplier_id": [pack.supplier_id for pack in packs],
        "order_id": [order["order_id"], waiting["order_id"]],
        "payment_id": [payment_id],
        "shipment_id": [each["shipment_id"] for each in shipments],
        "parcel_id": [each["parcel_id"] for each in parcels],
        "waybill_number": [waybill_number],
        "code": [carrier.code],
        "provider_name": ["sandbox"],
        "provider": ["sandbox"],
        "id": [pack.sku_id for pack in packs],
        "measures": ["sales_fen", "orders", "buyers"],
        "dimensions": ["day", "week", "designation", "origin_county", "supplier"],
        "dimension": ["day", "month", "designation", "origin_province"],
        "is_any_of": [str(utc_now().date()), "2026-11", "assisted-832", "420000"],
        "by": ["sales_fen", "day"],
    }
    supplier = as_caller(kind="supplier", organisation_id=UUID(packs[0].supplier_id))
    callers = [market.operator, market.operator, buyer, supplier, as_caller(kind="analyst"), {}]
    return Seeded(callers, carrier, known)


async def booked_ahead(market: Market, pack: Pack, buyer: Headers) -> tuple[str, str]:
    """A presale that takes bookings, and a booking that waits for its deposit."""
    own, now = market.of_supplier(pack.supplier_id), utc_now()
    terms = {
        "sku_id": pack.sku_id,
        "price_fen": 3000,
        "deposit_bp": 1000,
        "planned_count": 100,
        "opens_at": now.isoformat(),
        "closes_at": (now + timedelta(days=3)).isoformat(),
        "harvest_from": str((now + timedelta(days=5)).date()),
        "harvest_until": str((now + timedelta(days=9)).date()),
        "balance_days": 7,
        "if_unpaid": "KEEP",
        "shortfall_rule": "PRO_RATA",
    }
    offer = await market.must("orders", "POST", "/v1/presales", own, body=terms)
    path = f"/v1/presales/{offer['offer_id']}"
    await market.must("orders", "POST", f"{path}/open", own | {"if-match": '"1"'}, body={})
    wish = {"quantity": 2, "address": ADDRESS}
    booking = await market.must("orders", "POST", f"{path}/bookings", buyer, body=wish)
    return offer["offer_id"], booking["booking_id"]


async def sign_in(house: House, seeded: Seeded) -> None:
    """Somebody who may do everything at the gateway, and somebody who may not, unless they are signed in still."""
    asked = [await house["gateway"].client.get("/v1/me", headers=each) for each in seeded.callers[2:4]]
    if [each.json().get("kind") for each in asked] == ["operator", "institution"]:
        return
    chief, buyer = await member(house, "operator", "admin", "operator"), await member(house, "institution", "buyer")
    seeded.callers = [chief.headers, chief.headers, chief.headers, buyer.headers, {}]
    seeded.known["organisation_id"] = [str(chief.organisation_id), str(buyer.organisation_id)]
    seeded.known["person_id"] = [str(chief.person_id), str(buyer.person_id)]


def dangling(document: dict[str, Any]) -> set[str]:
    """References that lead nowhere."""
    known = {f"#/components/schemas/{name}" for name in document.get("components", {}).get("schemas", {})}
    found = {each["$ref"] for each in objects_in(document) if isinstance(each.get("$ref"), str)}
    return found - known


def operations_of(document: dict[str, Any]) -> Iterator[APIOperation[Any, Any, Any, Any]]:
    """The operations that the service answers itself: the gateway's document holds all services'."""
    own = {path: verbs for path, verbs in document["paths"].items() if not path.startswith("/api/")}
    for found in schemathesis.openapi.from_dict({**document, "paths": own}).get_all_operations():
        yield found.ok()


@st.composite
def requests_of(draw: st.DrawFn, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, seeded: Seeded):
    """A generated request, in part about things that exist, and its caller."""
    case: Case = draw(operation.as_strategy(generation_mode=mode))
    for place in [each for part in (case.path_parameters, case.query, case.body) for each in objects_in(part)]:
        for name in seeded.known.keys() & place.keys():
            if draw(st.integers(0, 3)) < 3:
                known = draw(st.sampled_from(seeded.known[name]))
                place[name] = [known] if isinstance(place[name], list) else known
    return case, draw(st.sampled_from(seeded.callers))


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """The value's objects, at any depth."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects_in(each)


def send(session: requests.Session, url: str, case: Case, caller: Headers, carrier: Carrier) -> requests.Response:
    """The request as it goes over the wire; a carrier's push with the carrier's signature."""
    arguments = case.as_transport_kwargs(base_url=url)
    prepared = session.prepare_request(requests.Request(**{k: v for k, v in arguments.items() if k in REQUEST}))
    prepared.headers.pop("authorization", None)
    prepared.headers.update(caller)
    for name, usual in USUAL_HEADERS.items():  # most generated ones are refused before anything else is looked at
        if len(prepared.headers.get(name) or "") % 4 < 3 and case.method not in ("GET", "DELETE"):
            prepared.headers[name] = usual()
    if case.operation.path in PUSHES:
        sign(prepared, carrier)
    return session.send(prepared, timeout=20, allow_redirects=False)


USUAL_HEADERS: dict[str, Callable[[], str]] = {"idempotency-key": lambda: str(uuid4()), "if-match": lambda: '"1"'}
PUSHES = ("/v1/carriers/{code}/tracking", "/v1/carriers/{code}/readings")
REQUEST = {"method", "url", "headers", "params", "data", "json", "files", "cookies"}


def sign(prepared: requests.PreparedRequest, carrier: Carrier) -> None:
    """Sign the body that will be sent."""
    body, now = prepared.body or b"", datetime.now(UTC)
    text = body if isinstance(body, str) else body.decode("utf-8", "surrogateescape")
    try:
        signature = Webhook(carrier.secret).sign("msg_1", now, text)
    except UnicodeEncodeError:  # no text at all: its signature cannot be right
        signature = "v1,"
    prepared.headers["webhook-id"] = "msg_1"
    prepared.headers["webhook-timestamp"] = str(int(now.timestamp()))
    prepared.headers["webhook-signature"] = signature


def wrong_answers(url: str, operation: APIOperation[Any, Any, Any, Any], seeded: Seeded) -> list[str]:
    """What this operation answered against its document, each with the request that does it again."""
    found: list[str] = []
    for mode, count in EXAMPLES.items():

        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(request=requests_of(operation, mode, seeded))
        def ask(request: tuple[Case, Headers]) -> None:
            case, caller = request
            answer = send(session, url, case, caller, seeded.carrier)
            case.validate_response(answer, checks=CHECKS)

        try:
            with requests.Session() as session:
                ask()
        except (FailureGroup, requests.RequestException) as failures:
            found.append(f"{operation.label} ({mode.value}): {failures}")
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE, operation.label  # what takes nothing takes nothing wrong
    return found


@pytest.mark.parametrize("name", ["catalog", "orders", "logistics", "analytics", "gateway"])
async def test_a_service_answers_only_as_its_document_says(house: House, seeded: Seeded, name: str):
    document = (await house[name].client.get("/openapi.json")).json()
    assert sorted(dangling(document)) == []
    wrong: list[str] = []
    for operation in operations_of(document):
        if name == "gateway":  # what is asked ends sessions
            await sign_in(house, seeded)
        wrong += await asyncio.to_thread(wrong_answers, house[name].url, operation, seeded)
    assert not wrong, "\n\n".join([f"{len(wrong)} operations of {name}", *wrong])
    await house.drain()
