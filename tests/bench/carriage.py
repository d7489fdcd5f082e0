"""Parcels on their way, by SQL, and a carrier that signs what it pushes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import orjson

from deploy.demo.accounts import OPERATOR
from logistics.carrier.rules import secret_key
from shared.webhooks import signature
from tests.bench.stage import Stage

CARRIER = "sf-demo"
_SHIPMENTS = """
    INSERT INTO shipments (shipment_id, order_id, order_number, supplier_order_id, supplier_id, supplier_name,
        ship_from_county_code, buyer_id, recipient, phone, county_code, address_detail, status, created_at,
        dispatched_at)
    SELECT md5('shipment ' || waybill)::uuid, md5('order ' || waybill)::uuid, left(waybill, 16),
        md5('part ' || waybill)::uuid, md5('supplier')::uuid, '压测供应商', '520326', md5('buyer')::uuid, '压测收货人',
        '13800000000', '110105', '压测路 1 号', 'DISPATCHED', now() - interval '2 days', now() - interval '2 days'
    FROM unnest($1::text[]) AS waybill
"""
_PARCELS = """
    INSERT INTO parcels (parcel_id, shipment_id, order_id, supplier_order_id, supplier_id, buyer_id, carrier_code,
        waybill_number, temperature_class, dispatched_at)
    SELECT md5('parcel ' || waybill)::uuid, md5('shipment ' || waybill)::uuid, md5('order ' || waybill)::uuid,
        md5('part ' || waybill)::uuid, md5('supplier')::uuid, md5('buyer')::uuid, $2, waybill, 'CHILLED',
        now() - interval '2 days'
    FROM unnest($1::text[]) AS waybill
"""


@dataclass(frozen=True)
class Carrier:
    """Pushes straight to logistics, signed by Standard Webhooks."""

    stage: Stage
    key: bytes

    async def push(self, kind: str, body: bytes) -> None:
        """POST to /tracking or /readings; anything but 202 with every row accepted ends the run."""
        webhook_id, timestamp = f"msg_{uuid4().hex}", str(int(datetime.now(UTC).timestamp()))
        headers = {
            "webhook-id": webhook_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(self.key, webhook_id=webhook_id, timestamp=timestamp, body=body),
        }
        url = f"{self.stage.url('logistics')}/v1/carriers/{CARRIER}/{kind}"
        taken = orjson.loads(await self.stage.send("POST", url, data=body, headers=headers))
        if taken["repeated"] or taken["refused"]:
            raise RuntimeError(f"the push was not taken whole: {taken}")


async def new_carrier(stage: Stage) -> Carrier:
    """The demo's carrier with a secret of this run."""
    url = f"{stage.url('logistics')}/v1/carriers/{CARRIER}/secrets"
    operator = stage.token(OPERATOR.person_id, kind="operator", organisation_id=OPERATOR.organisation_id)
    made = orjson.loads(await stage.send("POST", url, data=b"{}", headers=operator))
    return Carrier(stage, secret_key(made["secret"]))


async def new_parcels(stage: Stage, count: int) -> list[str]:
    """Waybills of parcels that were dispatched two days ago, each the only one of its shipment."""
    run = uuid4().hex[:10].upper()
    waybills = [f"BENCH{run}{number:05d}" for number in range(count)]
    connection = await asyncpg.connect(stage.dsn("logistics"))
    try:
        async with connection.transaction():
            await connection.execute(_SHIPMENTS, waybills)
            await connection.execute(_PARCELS, waybills, CARRIER)
        for table in ("shipments", "parcels"):
            await connection.execute(f"ANALYZE {table}")
    finally:
        await connection.close()
    return waybills
