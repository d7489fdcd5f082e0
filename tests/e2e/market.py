"""What suppliers, buyers, carriers and analysts do, each through the public routes; a test says only what matters."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx2
from standardwebhooks import Webhook

from tests.e2e.house import House

FANGXIAN = "420325"
"""房县, 十堰市, 湖北省: an assisted county."""
LUOCHUAN = "610629"
"""洛川县, 延安市, 陕西省: no assisted county."""
ADDRESS = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}

_numbers = count(1)
Headers = dict[str, str]


@dataclass(frozen=True)
class Pack:
    """A SKU on the shelf."""

    sku_id: str
    product_id: str
    supplier_id: str
    price_fen: int
    net_weight_g: int
    origin_county_code: str
    category: str


@dataclass
class Carrier:
    """A carrier with the secret that it signs with."""

    code: str
    secret: str


@dataclass
class Market:
    """People who trade in the house."""

    house: House
    sandbox_url: str
    as_caller: Callable[..., Headers]
    operator: Headers = field(init=False)
    analyst: Headers = field(init=False)

    def __post_init__(self) -> None:
        self.operator = self.as_caller(kind="operator", roles=("operator", "reviewer"))
        self.analyst = self.as_caller(kind="analyst", organisation_id=uuid4())

    async def ask(
        self, service: str, method: str, path: str, headers: Headers, *, body: Any = None, key: str | None = None
    ) -> httpx2.Response:
        """Any request; one that creates something gets an Idempotency-Key."""
        given = dict(headers)
        if method == "POST":
            given["idempotency-key"] = key or str(uuid4())
        return await self.house[service].client.request(method, path, json=body, headers=given)

    async def must(self, service: str, method: str, path: str, headers: Headers, **options: Any) -> Any:
        """The answer's body; the request must succeed."""
        answer = await self.ask(service, method, path, headers, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    # suppliers

    async def supplier(self, *, county_code: str = FANGXIAN) -> str:
        """An admitted family farm; its id."""
        body = {"kind": "family_farm", "name": f"大山家庭农场{next(_numbers)}号", "county_code": county_code}
        made = await self.must("catalog", "POST", "/v1/suppliers", self.operator, body=body)
        return str(made["supplier_id"])

    def of_supplier(self, supplier_id: str) -> Headers:
        """A person who works for the supplier."""
        return self.as_caller(kind="supplier", organisation_id=UUID(supplier_id))

    async def review(self, product_id: str, own: Headers) -> None:
        """The supplier submits its draft, and a reviewer puts it on the shelf with its packs."""
        path = f"/v1/products/{product_id}"
        draft = await self.ask("catalog", "GET", f"{path}/workbench", own)
        asked = await self.must("catalog", "POST", f"{path}/submit", own | {"if-match": draft.headers["etag"]})
        review = asked["pending"]
        decision = self.operator | {"if-match": f'"{review["revision"]}"'}
        accept = f"/v1/product-reviews/{review['review_id']}/accept"
        await self.must("catalog", "POST", accept, decision, body={})

    async def pack(
        self, supplier_id: str, *, price_fen: int = 3980, net_weight_g: int = 500, stock: int = 100, **product: Any
    ) -> Pack:
        """A SKU on the shelf with so many pieces in store, known to orders."""
        facts = {
            "supplier_id": supplier_id,
            "title": f"房县香菇{next(_numbers)}",
            "category": "mushroom",
            "picture": "shiitake",
            "origin_county_code": FANGXIAN,
            "shelf_life_days": 365,
            "temperature_class": "AMBIENT",
            "description": "海拔八百米的袋料香菇，晒干后香味浓。",
            "tax_basis": "farm_9",
            "invoice_name": "干香菇",
            **product,
        }
        own = self.of_supplier(supplier_id)
        made = await self.must("catalog", "POST", "/v1/products", own, body=facts)
        packing = {"specification": f"{net_weight_g}克/袋", "net_weight_g": net_weight_g, "price_fen": price_fen}
        sku = await self.must("catalog", "POST", f"/v1/products/{made['product_id']}/skus", own, body=packing)
        await self.review(made["product_id"], own)
        await self.house.drain("orders")
        if stock:
            receipt = {"sku_id": sku["sku_id"], "quantity": stock, "reference": "first delivery"}
            await self.must("orders", "POST", "/v1/stock/receipts", own, body=receipt)
        return Pack(
            sku["sku_id"],
            made["product_id"],
            supplier_id,
            price_fen,
            net_weight_g,
            str(facts["origin_county_code"]),
            str(facts["category"]),
        )

    # buyers

    async def place(
        self, buyer: Headers, *wanted: tuple[Pack, int], key: str | None = None, seen_fen: int | None = None
    ) -> httpx2.Response:
        """Ask for an order of these packs at the sum that the buyer saw."""
        seen = sum(pack.price_fen * quantity for pack, quantity in wanted) if seen_fen is None else seen_fen
        body = {
            "lines": [{"sku_id": pack.sku_id, "quantity": quantity} for pack, quantity in wanted],
            "address": ADDRESS,
            "seen_payable_fen": seen,
        }
        return await self.ask("orders", "POST", "/v1/orders", buyer, body=body, key=key)

    async def order(self, buyer: Headers, *wanted: tuple[Pack, int]) -> dict[str, Any]:
        """A placed order."""
        answer = await self.place(buyer, *wanted)
        assert answer.status_code == 201, answer.text
        placed: dict[str, Any] = answer.json()
        return placed

    async def open_payment(self, buyer: Headers, order: dict[str, Any]) -> str:
        """A payment that waits for its payer; its id."""
        path = f"/v1/orders/{order['order_id']}/payments"
        opened = await self.must("orders", "POST", path, buyer, body={"provider": "sandbox"})
        return str(opened["payment_id"])

    async def pay(self, payment_id: str, *, notices: int = 1, status: int = 204, **how: Any) -> None:
        """Pay at the provider, and wait until so many of its notices were answered so."""
        before = self.house.notices.answers.count(status)
        await self.control("pay", payment_id, how)
        await self.house.notices.until(before + notices, status=status)

    async def control(self, verb: str, payment_id: str, how: dict[str, Any] | None = None) -> dict[str, Any]:
        """Act as the payer, or look (`trades`), at the provider."""
        async with httpx2.AsyncClient(base_url=self.sandbox_url, timeout=20) as provider:
            path = f"/control/{verb}/{UUID(payment_id).hex}"
            answer = await (provider.get(path) if how is None else provider.post(path, json=how))
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def buy(self, buyer: Headers, *wanted: tuple[Pack, int]) -> dict[str, Any]:
        """A placed and paid order, as its buyer sees it then."""
        order = await self.order(buyer, *wanted)
        await self.pay(await self.open_payment(buyer, order))
        paid: dict[str, Any] = await self.must("orders", "GET", f"/v1/orders/{order['order_id']}", buyer)
        assert paid["status"] == "PAID"
        return paid

    async def stock(self, pack: Pack) -> dict[str, int]:
        """The SKU's counters."""
        found = await self.house["orders"].rows(
            "SELECT on_hand, held, available FROM stock_levels WHERE sku_id = :sku_id", sku_id=UUID(pack.sku_id)
        )
        return found[0]

    async def ensure_books_agree(self) -> None:
        """Ledger, counters and holds of every SKU say the same."""
        told = await self.must("orders", "GET", "/v1/stock/reconciliation", self.operator)
        assert told == {"items": []}

    # analysts

    async def figures(self, caller: Headers, *measures: str, by: Sequence[str] = (), **question: Any) -> dict[str, Any]:
        """The answer to a question; filters are `{"supplier": [id]}`."""
        filters = [{"dimension": name, "is_any_of": each} for name, each in question.pop("filters", {}).items()]
        body = {"measures": list(measures), "dimensions": list(by), "filters": filters, **question}
        told: dict[str, Any] = await self.must("analytics", "POST", "/v1/query", caller, body=body)
        return told

    # carriers

    async def carrier(self) -> Carrier:
        """A carrier that may push."""
        code = f"carrier-{next(_numbers)}"
        body = {"code": code, "name": "顺达速运", "name_en": "Shunda Express"}
        await self.must("logistics", "POST", "/v1/carriers", self.operator, body=body)
        made = await self.must("logistics", "POST", f"/v1/carriers/{code}/secrets", self.operator)
        return Carrier(code, made["secret"])

    async def shipments(self, caller: Headers, order: dict[str, Any]) -> list[dict[str, Any]]:
        """The order's shipments that the caller sees."""
        told = await self.must("logistics", "GET", f"/v1/shipments?order_id={order['order_id']}", caller)
        found: list[dict[str, Any]] = told["items"]
        return found

    async def dispatch(self, carrier: Carrier, shipment: dict[str, Any]) -> str:
        """Send a shipment in one parcel; its waybill number."""
        waybill_number = f"SF{next(_numbers):08d}"
        lines = [{"sku_id": each["sku_id"], "quantity": each["quantity"]} for each in shipment["lines"]]
        body = {"parcels": [{"carrier_code": carrier.code, "waybill_number": waybill_number, "lines": lines}]}
        own = self.of_supplier(shipment["supplier_id"])
        await self.must("logistics", "POST", f"/v1/shipments/{shipment['shipment_id']}/dispatch", own, body=body)
        return waybill_number

    async def push(self, carrier: Carrier, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """A signed push of `tracking` or `readings`; what was taken of it."""
        text, push_id, now = json.dumps(body, ensure_ascii=False), f"msg_{next(_numbers)}", datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": push_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(carrier.secret).sign(push_id, now, text),
        }
        answer = await self.house["logistics"].client.post(
            f"/v1/carriers/{carrier.code}/{kind}", content=text.encode(), headers=headers
        )
        assert answer.status_code == 202, answer.text
        taken: dict[str, Any] = answer.json()
        return taken

    async def track(self, carrier: Carrier, waybill_number: str, *steps: tuple[str, datetime]) -> dict[str, Any]:
        """Push these statuses of a parcel in one body, as they are ordered here."""
        updates = [
            {"waybill_number": waybill_number, "status": status, "occurred_at": at.isoformat()} for status, at in steps
        ]
        return await self.push(carrier, "tracking", {"updates": updates})

    async def measure(
        self, carrier: Carrier, waybill_number: str, readings: Sequence[tuple[datetime, float]]
    ) -> dict[str, Any]:
        """Push readings of the parcel's device in one body, as they are ordered here."""
        body = {
            "waybill_number": waybill_number,
            "device_id": "logger-1",
            "readings": [{"at": at.isoformat(), "temperature_c": degrees} for at, degrees in readings],
        }
        return await self.push(carrier, "readings", body)
