"""Orders that wait for each other and are placed in one transaction: each gets its own answer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text

from orders.order import actions as order_actions
from orders.order import queries as order_queries
from orders.order.actions import PLACE
from orders.order.placing import placing_together
from orders.price.queries import LOAD_SALE
from orders.promotion.models import Promotion
from orders.sku import actions as sku_actions
from orders.stock import queries as stock_queries
from services.orders.tests.conftest import fixtures
from services.orders.tests.factories import listed_sku
from services.orders.tests.point.point_factories import person_with
from services.orders.tests.promotion.promotion_factories import LEDGER_DIFFERS, running_promotion
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.direct import standing_alone
from shared.events.catalog import SkuListed

Headers = Callable[..., dict[str, str]]
ADDRESS = {"recipient": "王小梅", "phone": "13800000000", "county_code": "110105", "detail": "望京街道1号"}
_OF_ORDERS = "SELECT {} FROM outbox WHERE type = 'orders.order-placed.v1'"


def body(*lines: tuple[SkuListed, int], off_fen: int = 0) -> dict[str, Any]:
    return {
        "lines": [{"sku_id": str(sku.sku_id), "quantity": quantity} for sku, quantity in lines],
        "address": ADDRESS,
        "seen_payable_fen": sum(sku.price_fen * quantity for sku, quantity in lines) - off_fen,
    }


async def on_sale(database: Database, *stocks: int) -> list[SkuListed]:
    async with database.begin() as db:
        return [await listed_sku(db, stock=stock) for stock in stocks]


async def rows_of(database: Database, statement: str) -> list[Any]:
    async with database.read() as db:
        return [tuple(row) for row in await db.execute(text(statement))]


async def balanced(database: Database) -> bool:
    async with database.read() as db:
        return await stock_queries.list_differences(db) == [] and await db.scalar(LEDGER_DIFFERS) == 0


class Street:
    """Buyers before a shop whose first order cannot go on: all who come after it wait for it."""

    def __init__(self, http: httpx2.AsyncClient, database: Database, as_caller: Headers, first: SkuListed) -> None:
        self._http = http
        self._database = database
        self._as_caller = as_caller
        self._first = first
        self._tasks: list[asyncio.Task[httpx2.Response]] = []

    async def comes(self, *lines: tuple[SkuListed, int], key: str = "", **given: Any) -> asyncio.Task[httpx2.Response]:
        """One more buyer, who has decided and waits to be saved when this returns."""
        before = self.waiting()
        off_fen, points, headers = given.pop("off_fen", 0), given.pop("use_points", 0), given.pop("headers", {})
        headers = {**self._as_caller(**given), "idempotency-key": key or str(uuid4()), **headers}
        wanted = body(*lines, off_fen=off_fen + points) | {"use_points": points}
        asking = self._http.post("/v1/orders", json=wanted, headers=headers)
        task = asyncio.create_task(asking)
        await _until(lambda: task.done() or self.waiting() > before)
        self._tasks.append(task)
        return task

    def waiting(self) -> int:
        return len(self._http.app.state.placing._lanes[PLACE]._waiting)  # type: ignore[attr-defined]

    @asynccontextmanager
    async def held_up(self) -> AsyncIterator[None]:
        """Somebody has the first order's stock while the block runs."""
        lane = self._http.app.state.placing._lanes[PLACE]  # type: ignore[attr-defined]
        async with self._database.begin() as db:
            await db.execute(
                text("SELECT FROM stock_levels WHERE sku_id = :sku_id FOR UPDATE"), {"sku_id": self._first.sku_id}
            )
            headers = {**self._as_caller(), "idempotency-key": str(uuid4())}
            task = asyncio.create_task(self._http.post("/v1/orders", json=body((self._first, 1)), headers=headers))
            await _until(lambda: lane._is_taken)
            self._tasks.append(task)
            yield

    async def answers(self) -> list[httpx2.Response]:
        """Of all, the first included."""
        return list(await asyncio.gather(*self._tasks))


async def _until(question: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not question():  # noqa: ASYNC110 - what is looked at knows no event
            await asyncio.sleep(0.002)


def told(answers: Sequence[httpx2.Response]) -> list[str]:
    return [answer.json().get("code", str(answer.status_code)) for answer in answers]


@pytest.fixture
async def first(fresh_database: Database) -> SkuListed:
    [sku] = await on_sale(fresh_database, 9)
    return sku


@pytest.fixture
def street(live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers, first: SkuListed) -> Street:
    return Street(live_client, fresh_database, as_caller, first)


async def test_those_who_wait_are_placed_in_one_transaction_in_their_order(street: Street, fresh_database: Database):
    [sku] = await on_sale(fresh_database, 3)
    traces = [f"{number:032x}" for number in range(1, 6)]
    async with street.held_up():
        for trace in traces:
            await street.comes((sku, 1), headers={"traceparent": f"00-{trace}-{7:016x}-01"})
    answers = await street.answers()
    assert told(answers) == ["201"] * 4 + ["stock-short"] * 2  # who came first got the three pieces
    assert answers[4].json()["shortages"] == [{"sku_id": str(sku.sku_id), "wanted": 1, "available": 0}]
    numbers = [answer.json()["order_id"] for answer in answers[:4]]
    found = await rows_of(fresh_database, _OF_ORDERS.format("subject, txid::text, traceparent, correlationid"))
    assert {subject for subject, *_ in found} == set(numbers)
    of_company = [row for row in found if row[0] != numbers[0]]
    assert len({txid for _, txid, *_ in of_company}) == 1
    assert {subject: (traceparent[3:35], correlation) for subject, _, traceparent, correlation in of_company} == {
        number: (trace, trace) for number, trace in zip(numbers[1:], traces, strict=False)
    }
    in_order = await rows_of(fresh_database, _OF_ORDERS.format("subject") + " ORDER BY position")
    assert [subject for (subject,) in in_order] == numbers
    assert await balanced(fresh_database)


async def test_what_one_is_refused_leaves_the_others_as_they_are(street: Street, fresh_database: Database):
    plenty, scarce, changing, offered = await on_sale(fresh_database, 50, 1, 50, 50)
    async with fresh_database.begin() as db:
        scope = {"sku_ids": [str(offered.sku_id)]}
        await running_promotion(db, now=utc_now(), budget_fen=1000, scope=scope)
    async with street.held_up():
        await street.comes((plenty, 1))
        await street.comes((plenty, 1), (scarce, 1))
        await street.comes((plenty, 1), (scarce, 1))
        await street.comes((plenty, 1), (changing, 1))
        await street.comes((offered, 2), off_fen=1000)
        await street.comes((plenty, 1), (offered, 2), off_fen=1000)
        buyer = uuid4()
        await street.comes((plenty, 1), person_id=buyer, key="one click")
        await street.comes((plenty, 1), person_id=buyer, key="one click")
        await street.comes((plenty, 1))
        async with fresh_database.begin() as db:
            now = utc_now()
            await sku_actions.revise_sku(db, changing.model_copy(update={"revision": 2}), revised_at=now)
    answers = await street.answers()
    assert told(answers) == [
        *("201", "201", "201", "stock-short", "sku-changed"),
        *("201", "price-changed", "201", "idempotency-key-in-use", "201"),
    ]
    placed = {answer.json()["order_id"] for answer in answers if answer.status_code == 201}
    assert {subject for (subject,) in await rows_of(fresh_database, _OF_ORDERS.format("subject"))} == placed
    held = dict(await rows_of(fresh_database, "SELECT sku_id, held FROM stock_levels"))
    wanted = {plenty.sku_id: 4, scarce.sku_id: 1, changing.sku_id: 0, offered.sku_id: 2}
    assert {sku_id: held[sku_id] for sku_id in wanted} == wanted
    for table in ("orders", "idempotency_keys", "order_changes"):
        assert await rows_of(fresh_database, f"SELECT count(*) FROM {table}") == [(6,)]  # noqa: S608 - the test's own
    taken = "SELECT balance_fen, held_fen FROM promotion_balances"
    assert await rows_of(fresh_database, taken) == [(0, 1000)]
    assert await balanced(fresh_database)


async def test_points_that_one_of_the_company_spent_are_not_there_for_the_next(
    street: Street, fresh_database: Database
):
    [sku] = await on_sale(fresh_database, 50)
    async with fresh_database.begin() as db:
        me, _ = await person_with(db, 300, now=utc_now())
    async with street.held_up():
        await street.comes((sku, 1), person_id=me, use_points=300)
        await street.comes((sku, 1), person_id=me, use_points=200)
        await street.comes((sku, 1))
    answers = await street.answers()
    assert told(answers) == ["201", "201", "points-changed", "201"]
    assert answers[2].json()["usable_points"] == 0
    held = f"SELECT held FROM stock_levels WHERE sku_id = '{sku.sku_id}'"  # noqa: S608 - the test's own text
    assert await rows_of(fresh_database, held) == [(2,)]
    assert await rows_of(fresh_database, "SELECT balance FROM point_accounts") == [(0,)]
    assert await balanced(fresh_database)


async def test_a_key_that_was_answered_is_answered_again_in_company_too(
    fresh_database: Database, live_client: httpx2.AsyncClient, as_caller: Headers
):
    [sku] = await on_sale(fresh_database, 50)
    headers = {**as_caller(), "idempotency-key": "one click"}
    [before] = [await live_client.post("/v1/orders", json=body((sku, 1)), headers=headers)]
    again = await asyncio.gather(
        *(live_client.post("/v1/orders", json=body((sku, 1)), headers=headers) for _ in range(8)),
        *(live_client.post("/v1/orders", json=body((sku, 2)), headers=headers) for _ in range(3)),
    )
    assert [answer.json() for answer in again[:8]] == [before.json()] * 8
    assert told(again[8:]) == ["idempotency-key-reused"] * 3
    assert await rows_of(fresh_database, "SELECT count(*) FROM orders") == [(1,)]


async def test_who_goes_away_while_waiting_is_forgotten_and_undoes_nobody(street: Street, fresh_database: Database):
    [sku] = await on_sale(fresh_database, 50)
    async with street.held_up():
        await street.comes((sku, 1))
        gone = await street.comes((sku, 10))
        street._tasks.remove(gone)
        gone.cancel()
        await street.comes((sku, 2))
    assert told(await street.answers()) == ["201"] * 3
    assert gone.cancelled()
    held = f"SELECT held FROM stock_levels WHERE sku_id = '{sku.sku_id}'"  # noqa: S608 - the test's own text
    assert await rows_of(fresh_database, held) == [(3,)]
    assert await balanced(fresh_database)


async def test_if_the_backend_is_killed_nothing_of_the_company_is_there_and_the_same_keys_work_once(
    street: Street, fresh_database: Database, live_client: httpx2.AsyncClient, as_caller: Headers
):
    one, two = await on_sale(fresh_database, 50, 50)
    people = [uuid4() for _ in range(5)]
    kill = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND query LIKE '%place_orders%' AND datname = current_database()
    """
    async with fresh_database.begin() as db:
        await db.execute(text("SELECT FROM stock_levels WHERE sku_id = :sku_id FOR UPDATE"), {"sku_id": two.sku_id})
        async with street.held_up():
            for person in people:
                await street.comes((one, 1), (two, 1), person_id=person, key="mine")
        killed = 0
        async with asyncio.timeout(20):
            while not killed:  # until the company is in the middle of its transaction
                killed = len(await rows_of(fresh_database, kill))
        answers = await street.answers()
    assert told(answers) == ["201", *["database-unavailable"] * 5]
    assert {answer.status_code for answer in answers[1:]} == {503}
    assert await rows_of(fresh_database, "SELECT count(*) FROM orders") == [(1,)]
    assert await rows_of(fresh_database, "SELECT count(*) FROM idempotency_keys") == [(1,)]

    async def send_again(person: UUID) -> httpx2.Response:
        headers = {**as_caller(person_id=person), "idempotency-key": "mine"}
        return await live_client.post("/v1/orders", json=body((one, 1), (two, 1)), headers=headers)

    again = [await send_again(person) for person in people + people]
    assert told(again) == ["201"] * 10
    assert [answer.json()["order_id"] for answer in again[:5]] == [answer.json()["order_id"] for answer in again[5:]]
    assert await rows_of(fresh_database, "SELECT count(*) FROM orders") == [(6,)]
    assert await balanced(fresh_database)


async def test_what_the_database_itself_refuses_of_one_is_refused_to_that_one_only(
    street: Street, fresh_database: Database
):
    [sku] = await on_sale(fresh_database, 50)
    async with street.held_up():
        for quantity in (1, 7, 2):
            await street.comes((sku, quantity))
        async with fresh_database.begin() as db:
            refuse = f"ALTER TABLE orders ADD CONSTRAINT no_seven CHECK (payable_fen <> {7 * sku.price_fen}) NOT VALID"
            await db.execute(text(refuse))
    answers = await street.answers()
    assert told(answers) == ["201", "201", "constraint-violated", "201"]
    assert await rows_of(fresh_database, "SELECT count(*) FROM orders") == [(3,)]
    assert await balanced(fresh_database)


async def test_two_hundred_buyers_and_a_hundred_pieces_make_exactly_a_hundred_orders(
    live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers
):
    """CASES T1."""
    [sku] = await on_sale(fresh_database, 100)

    async def want() -> httpx2.Response:
        headers = {**as_caller(), "idempotency-key": str(uuid4())}
        return await live_client.post("/v1/orders", json=body((sku, 1)), headers=headers)

    answers = await asyncio.gather(*(want() for _ in range(200)))
    assert sorted(told(answers)) == ["201"] * 100 + ["stock-short"] * 100
    assert await rows_of(fresh_database, "SELECT available, held FROM stock_levels") == [(0, 100)]
    assert await rows_of(fresh_database, _OF_ORDERS.format("count(*)")) == [(100,)]
    assert await balanced(fresh_database)


async def test_processes_side_by_side_and_cancellations_never_wait_in_a_circle(
    fresh_database: Database, live_client: httpx2.AsyncClient, as_caller: Headers
):
    """Two processes place orders of the same SKUs and promotions in any order while others are cancelled."""
    one, two, three = await on_sale(fresh_database, 500, 500, 500)
    async with fresh_database.begin() as db:
        promotions: list[Promotion] = [
            await running_promotion(
                db,
                now=utc_now(),
                budget_fen=1_000_000,
                person_cap=5,
                scope={"sku_ids": [str(sku.sku_id)]},
                terms={"steps": [{"from_fen": 1000, "off_fen": 100}]},
            )
            for sku in (three, one)
        ]
    twin = fixtures.create(fresh_database.url)
    mixes = [(one, two, three), (three, two, one), (two, one), (three, two)]
    offers = [200, 200, 100, 100]
    transport = httpx2.ASGITransport(app=twin, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=60) as other:
        processes = (live_client, other)

        async def buy_and_regret(index: int) -> tuple[int, int]:
            lines = [(sku, 1) for sku in mixes[index % 4]]
            buyer, http = uuid4(), processes[index % 2]
            headers = {**as_caller(person_id=buyer), "idempotency-key": str(uuid4())}
            placed = await http.post("/v1/orders", json=body(*lines, off_fen=offers[index % 4]), headers=headers)
            if index % 3 or placed.status_code != 201:
                return placed.status_code, 0
            async with fresh_database.begin() as db:
                await order_actions.cancel_order(
                    db, order_id=placed.json()["order_id"], reason="不要了", caller=Caller(buyer), now=utc_now()
                )
            return placed.status_code, 1

        outcomes = await asyncio.gather(*(buy_and_regret(index) for index in range(120)))
    await twin.state.database.dispose()
    assert [status for status, _ in outcomes] == [201] * 120
    statuses = dict(await rows_of(fresh_database, "SELECT status, count(*) FROM orders GROUP BY status"))
    assert statuses == {"PENDING_PAYMENT": 80, "CANCELLED": 40}
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert await rows_of(fresh_database, deadlocks) == [(0,)]
    left = await rows_of(fresh_database, "SELECT sum(held_fen) FROM promotion_balances")
    expected = sum(offers[index % 4] for index in range(120) if index % 3)
    assert (left, len(promotions)) == ([(expected,)], 2)
    assert await balanced(fresh_database)


async def test_reading_for_several_reads_for_each_what_it_would_read_alone(fresh_database: Database):
    one, two, three = await on_sale(fresh_database, 3, 4, 5)
    person = uuid4()
    async with fresh_database.begin() as db:
        await running_promotion(db, budget_fen=1000, person_cap=1)
        await db.execute(
            text(
                "INSERT INTO idempotency_keys (caller, key, request_hash, status, body) VALUES ('me', 'k', 'h', 1, '')"
            )
        )
    asked = [
        {"sku_ids": [one.sku_id, two.sku_id], "person_id": person, "coupon_ids": [uuid4()], "caller": "me", "key": "k"},
        {"sku_ids": [], "person_id": uuid4(), "coupon_ids": [], "caller": None, "key": None},
        {"sku_ids": [three.sku_id, uuid4()], "person_id": person, "coupon_ids": [], "caller": "me", "key": "other"},
    ]
    run_all = placing_together()._lanes[LOAD_SALE]._run_all
    async with standing_alone(fresh_database) as direct:
        together = await run_all(direct, asked)
        alone = [await LOAD_SALE.rows(direct, each) for each in asked]
    assert [sorted(map(tuple, rows), key=str) for rows in together] == [
        sorted(map(tuple, rows), key=str) for rows in alone
    ]
    assert [len(rows) for rows in together] == [2, 1, 1]


async def test_the_order_stands_whole_after_it_was_placed_in_company(street: Street, fresh_database: Database):
    """The rows of a company are as complete as those of one that came alone."""
    [sku] = await on_sale(fresh_database, 50)
    async with street.held_up():
        for _ in range(3):
            await street.comes((sku, 2))
    answers = await street.answers()
    shapes = []
    for answer in answers:
        async with fresh_database.begin() as db:
            order = await order_queries.lock_order(db, UUID(answer.json()["order_id"]))
        [part] = order["parts"]
        shapes.append((order["status"], part["fulfilment"], len(part["lines"]), order["payable_fen"]))
    assert shapes == [
        ("PENDING_PAYMENT", "PENDING_PAYMENT", 1, 3980),
        *[("PENDING_PAYMENT", "PENDING_PAYMENT", 1, 7960)] * 3,
    ]


async def test_planning_is_done_once_for_several_orders_too(fresh_database: Database):
    settings = "SELECT proconfig FROM pg_proc WHERE proname = 'place_orders'"
    assert await rows_of(fresh_database, settings) == [(["plan_cache_mode=force_generic_plan"],)]
