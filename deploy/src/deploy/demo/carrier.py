"""A carrier's system: it signs by Standard Webhooks and has the habits of real ones."""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import orjson
from standardwebhooks import Webhook

from shared.clock import SHANGHAI, utc_now

MINUTES = 1440
_HOT = range(600, 645)  # 45 minutes above the limit, the door of the van stood open
_SILENT = range(900, 985)  # 85 minutes without a reading
_BATCHES = 6


class DemoCarrier:
    """Pushes signed statuses and readings to the public address."""

    def __init__(self, client: httpx2.AsyncClient, code: str, secret: str) -> None:
        self._client = client
        self._code = code
        self._webhook = Webhook(secret)

    async def push(self, kind: str, body: dict[str, Any]) -> httpx2.Response:
        """POST a signed document to /tracking or /readings."""
        document = orjson.dumps(body)
        message_id, now = f"msg_{uuid4().hex}", utc_now()
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(message_id, now, document.decode()),
            "content-type": "application/json",
        }
        path = f"/api/logistics/v1/carriers/{self._code}/{kind}"
        return await self._client.post(path, content=document, headers=headers)


def a_journey(waybill: str, start: datetime) -> list[dict[str, Any]]:
    """The statuses of one parcel in the order in which they happened, in Beijing time without a zone."""
    steps = (
        ("PICKED_UP", 30, "县级集配中心", "快件已揽收"),
        ("IN_TRANSIT", 180, "省分拨中心", "干线运输中"),
        ("IN_TRANSIT", 420, "途经中转场", "到达中转场"),
        ("ARRIVED_CITY", 900, "北京分拨中心", "到达派件城市"),
        ("OUT_FOR_DELIVERY", 1260, "朝阳营业部", "派送中"),
        ("DELIVERED", 1380, "朝阳", "本人签收"),
    )
    return [
        {
            "waybill_number": waybill,
            "status": status,
            "occurred_at": (start + timedelta(minutes=minute)).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
            "place": place,
            "description": words,
        }
        for status, minute, place, words in steps
    ]


def a_day_of_readings(start: datetime) -> list[list[dict[str, Any]]]:
    """One reading a minute for fresh mushrooms (0 to 4 °C), in shuffled batches of shuffled readings."""
    chance = random.Random(1440)  # noqa: S311 - the same day each time
    readings = [
        {
            "at": (start + timedelta(minutes=minute)).isoformat(),
            "temperature_c": round((9.5 if minute in _HOT else 2.2) + chance.uniform(-0.6, 0.6), 1),
        }
        for minute in range(MINUTES)
        if minute not in _SILENT
    ]
    chance.shuffle(readings)
    size = -(-len(readings) // _BATCHES)
    return [readings[first : first + size] for first in range(0, len(readings), size)]
