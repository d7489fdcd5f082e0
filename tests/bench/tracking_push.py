"""POST /v1/carriers/{code}/tracking with one update a push, as carriers do it."""

from datetime import UTC, datetime, timedelta

import orjson

from tests.bench.carriage import Carrier, new_carrier, new_parcels
from tests.bench.measurement import Figures
from tests.bench.meter import Row, burst
from tests.bench.stage import CLIENTS, Stage

_COUNT = 1000
# Not as far as DELIVERED: that would tell orders of orders which it never saw.
_STEPS = ("PICKED_UP", "IN_TRANSIT", "IN_TRANSIT", "ARRIVED_CITY", "OUT_FOR_DELIVERY")


class TrackingPush:
    """Five steps of each parcel's way, the parcels in turn."""

    name = "tracking"

    def __init__(self) -> None:
        self._carrier: Carrier | None = None

    async def prepare(self, stage: Stage) -> None:
        """A carrier with a secret."""
        self._carrier = await new_carrier(stage)

    async def measure(self, stage: Stage) -> dict[str, float]:
        """Signed pushes of fresh parcels."""
        carrier = self._carrier
        assert carrier is not None
        parcels = await new_parcels(stage, -(-stage.scaled(_COUNT) // len(_STEPS)))
        left_at = datetime.now(UTC) - timedelta(hours=30)
        bodies = [
            orjson.dumps(
                {
                    "updates": [
                        {
                            "waybill_number": waybill,
                            "status": status,
                            "occurred_at": (left_at + timedelta(hours=4 * step)).isoformat(),
                            "place": "省分拨中心",
                            "description": "快件运输中",
                        }
                    ]
                }
            )
            for step, status in enumerate(_STEPS)
            for waybill in parcels
        ]

        async def push(number: int) -> None:
            await carrier.push("tracking", bodies[number])

        account = stage.account("logistics", database="logistics")
        sample = await burst(push, count=len(bodies), clients=CLIENTS, account=account)
        return sample.figures()

    def rows(self, medians: Figures) -> list[Row]:
        """CPU a push."""
        detail = (
            f"{medians['rate']:,.0f}/s, app {medians['app_ms']:.2f} + database {medians['database_ms']:.2f} ms, "
            f"p99 {medians['p99_ms']:.1f} ms"
        )
        return [Row("tracking push (signed, 1 update)", medians["cpu_ms"], "ms CPU", "–", None, detail)]
