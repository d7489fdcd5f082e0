"""POST /v1/auctions/{id}/bids by 8 clients on one lot, beside the same statement in pgbench, one bid a transaction:
there one row's lock and one commit come after the other, while the service's waiting bids share them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson

from tests.bench.measurement import Figures
from tests.bench.meter import Row, Sample, burst, row_at_least
from tests.bench.pgbench import run_pgbench, script_of
from tests.bench.shopping import new_key
from tests.bench.stage import CLIENTS, Stage

_COUNT = 600
_BIDDERS = 50
_START_FEN = 10**12
_STEP_FEN = 100
_UNIT = """
    INSERT INTO budget_units (unit_id, status, kind, name, uscc, county_code, has_union, has_union_funds, created_at,
                              changed_at)
    VALUES ($1::uuid, 'ACTIVE', 'SCHOOL', 'bench', left($1::uuid::text, 18), '420525', false, false, now(),
            now())
"""
_LOT = """
    INSERT INTO auctions (auction_id, unit_id, status, title, fund, recipient, phone, county_code, detail,
        deliver_from, deliver_until, start_fen, step_fen, starts_at, ends_at, extension_minutes, most_extensions,
        asked_by, created_at, changed_at, published_at)
    VALUES ($1, $2, 'PUBLISHED', 'bench', 'CANTEEN', 'bench', '1', '420525', 'bench', $4::timestamptz,
            $4::timestamptz + interval '1 day', $5, $6, $3, $4::timestamptz, 0, 0, $2, $3, $3, $3)
"""
_ENTRIES = """
    INSERT INTO auction_entries (auction_id, supplier_id, entry_number, supplier_name, entered_at, entered_by)
    SELECT $1, supplier_id, place, 'bench', now(), supplier_id
    FROM unnest($2::uuid[]) WITH ORDINALITY AS bidder (supplier_id, place)
"""
_ORDER = """
    SELECT count(*) AS count, max(bid_position) AS last, array_agg(amount_fen ORDER BY bid_position) AS amounts
    FROM auction_bids WHERE auction_id = $1
"""
# Who bids next is anybody who does not lead; the price is read under the lock, so each of these bids counts.
_BARE = """
    WITH lot AS MATERIALIZED (SELECT * FROM auctions WHERE auction_id = $1 FOR NO KEY UPDATE)
    SELECT (answer_auction_bid($1, entry.supplier_id, entry.supplier_id, gen_random_uuid(),
                               coalesce(lot.lowest_fen - lot.step_fen, lot.start_fen),
                               entry.supplier_id::text, gen_random_uuid()::text, ''::bytea)).outcome
    FROM lot CROSS JOIN LATERAL (
        SELECT supplier_id FROM auction_entries WHERE auction_id = $1 AND supplier_id IS DISTINCT FROM lot.leader_id
        ORDER BY supplier_id LIMIT 1
    ) AS entry
"""


class AuctionBids:
    """Fifty bidders on one lot; who was overtaken is refused and counts as no bid."""

    name = "auction"

    async def prepare(self, stage: Stage) -> None:
        """A unit that asks."""
        self._bidders = [uuid4() for _ in range(_BIDDERS)]
        self._unit_id = uuid4()
        self._tokens = [stage.token(each, kind="supplier", organisation_id=each) for each in self._bidders]
        await stage.fetch("orders", _UNIT, self._unit_id)

    async def measure(self, stage: Stage) -> dict[str, float]:
        """Over HTTP on one lot, then bare on another."""
        lot, bare_lot = await self._open(stage), await self._open(stage)
        told, sample = await self._bid(stage, lot)
        if told != await _kept(stage, lot):
            raise RuntimeError("the order that bidders were told is not the order that is kept")
        script = script_of(0, _BARE, [bare_lot])
        bare = await run_pgbench(stage, "orders", [script], transactions=stage.scaled(_COUNT // CLIENTS))
        if len(await _kept(stage, bare_lot)) < stage.scaled(_COUNT // CLIENTS):
            raise RuntimeError("pgbench's bids do not count")
        share = len(told) / stage.scaled(_COUNT)
        return {
            **sample.figures(),
            "bid_rate": sample.rate * share,
            "share": share,
            "bare_rate": bare.rate,
            "bare_ms": bare.database_ms,
        }

    def rows(self, medians: Figures) -> list[Row]:
        """Bids that count a second, and the CPU of one answer."""
        rate, bare = medians["bid_rate"], medians["bare_rate"]
        detail = (
            f"half of pgbench's {bare:,.0f}/s for the same statement on one lot, one bid a transaction;"
            f" {100 * medians['share']:.0f} % came in their order;"
            f" app {medians['app_ms']:.2f} + database {medians['database_ms']:.2f} ms CPU a request,"
            f" p99 {medians['p99_ms']:.1f} ms; in pgbench {medians['bare_ms']:.2f} ms"
        )
        return [
            row_at_least("auction bids, 8 clients on one lot", rate, "bids/s", round(bare / 2), detail, rate / bare)
        ]

    async def _open(self, stage: Stage) -> UUID:
        auction_id, now = uuid4(), datetime.now(UTC)
        terms = (now - timedelta(hours=1), now + timedelta(days=1), _START_FEN, _STEP_FEN)
        await stage.fetch("orders", _LOT, auction_id, self._unit_id, *terms)
        await stage.fetch("orders", _ENTRIES, auction_id, self._bidders)
        return auction_id

    async def _bid(self, stage: Stage, auction_id: UUID) -> tuple[list[int], Sample]:
        """The amounts that count, in the order that was told."""
        url, told = f"{stage.url('orders')}/v1/auctions/{auction_id}/bids", dict[int, int]()

        async def bid(number: int) -> None:
            amount = _START_FEN - number * _STEP_FEN
            headers = {"content-type": "application/json", **self._tokens[number % _BIDDERS], **new_key()}
            body = orjson.dumps({"amount_fen": amount})
            async with stage.http.request("POST", url, data=body, headers=headers) as answer:
                found = orjson.loads(await answer.read())
                if answer.status == 201:
                    told[found["bid_position"]] = amount
                elif found["code"] != "bid-too-high":
                    raise RuntimeError(f"a bid was answered {answer.status}: {found}")

        account = stage.account("orders", database="orders")
        sample = await burst(bid, count=stage.scaled(_COUNT), clients=CLIENTS, account=account)
        return [told[place] for place in sorted(told)], sample


async def _kept(stage: Stage, auction_id: UUID) -> list[int]:
    """The amounts in their order. Places have no gap, and each bid is lower than the one before."""
    [row] = await stage.fetch("orders", _ORDER, auction_id)
    amounts: list[int] = row["amounts"] or []
    if row["count"] != (row["last"] or 0) or amounts != sorted(set(amounts), reverse=True):
        raise RuntimeError("the order of bids has gaps or goes up")
    return amounts
