"""Any sequence of claims, answers, deaths, replays and switches leaves deliveries as a model of them says; what is
refused changes nothing."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.known.rules import Heard
from gateway.tests.factories import a_person, an_organisation
from gateway.webhook import actions, queries, rules
from gateway.webhook.actions import Claimed
from gateway.webhook.rules import Outcome
from services.shared.tests.machine import DatabaseMachine

START = datetime.fromisoformat("2026-11-22T04:00:00+00:00")
LOW = "orders.stock-low.v1"


class Deliveries(DatabaseMachine):
    """One endpoint and its deliveries."""

    @initialize()
    def begin(self) -> None:
        self.now = START
        self.model: dict[UUID, tuple[str, int]] = {}
        self.held: list[Claimed] = []
        self.is_on = True
        self.endpoint_id = uuid4()

        async def step(db: AsyncSession) -> None:
            person_id = await a_person(db)
            self.organisation_id = await an_organisation(db, "supplier", (person_id, ["admin"]))
            await actions.create_endpoint(
                db,
                endpoint_id=self.endpoint_id,
                organisation_id=self.organisation_id,
                url="https://example.com/",
                description="",
                event_types=[LOW],
                created_by=person_id,
                now=START,
            )

        self.do(step)

    @rule()
    def hear(self) -> None:
        """Something happens."""
        heard = Heard(uuid4(), LOW, self.now, {"supplier_id": str(self.organisation_id), "available": 1})

        async def step(db: AsyncSession) -> UUID:
            assert await actions.plan_deliveries(db, [heard], now=self.now) == 1
            assert await actions.plan_deliveries(db, [heard], now=self.now) == 0
            found = await db.scalar(
                text("SELECT delivery_id FROM webhook_deliveries WHERE event_id = :id"), {"id": heard.event_id}
            )
            assert isinstance(found, UUID)
            return found

        self.model[self.do(step)] = ("WAITING" if self.is_on else "FAILED", 0)

    @rule(room=st.integers(1, 9))
    def claim(self, room: int) -> None:
        """A worker takes what is due."""

        async def step(db: AsyncSession) -> list[Claimed]:
            found: list[Claimed] = []
            for is_failing in (False, True):
                found += await actions.claim_due(db, is_failing=is_failing, room=room, now=self.now)
            return found

        for each in self.do(step):
            status, step_number = self.model[each.delivery_id]
            assert status in {"WAITING", "SENDING"}
            assert self.is_on
            assert each.step == step_number + 1
            self.model[each.delivery_id] = ("SENDING", each.step)
            self.held.append(each)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), status=st.sampled_from([204, 500, 302, None]))
    def answer(self, data: st.DataObject, status: int | None) -> None:
        """A worker notes how it went; one whose claim lapsed is too late."""
        claimed = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        outcome = Outcome(status)
        is_late = self._rows()[claimed.delivery_id]["claim"] != claimed.claim

        async def step(db: AsyncSession) -> None:
            assert (
                await actions.note_outcome(db, claimed, outcome, started_at=self.now, chance=0, now=self.now) is None
            ) or rules.is_hopeless(START, now=self.now)

        before = self._rows()
        self.do(step)
        if is_late:
            assert self._rows() == before
            return
        verb = rules.verb_after(outcome, step=claimed.step)
        after = rules.MOVES[verb if self.is_on else ("succeed" if outcome.is_success else "give up")][1]
        self.model[claimed.delivery_id] = (after, claimed.step)
        self._look_whether_it_was_switched_off()

    def _look_whether_it_was_switched_off(self) -> None:
        async def step(db: AsyncSession) -> Any:
            return await db.scalar(text("SELECT status FROM webhook_endpoints"))

        if self.is_on and self.do(step) == "DISABLED":
            self._switch_off()

    def _switch_off(self) -> None:
        self.is_on = False
        self.model = {
            key: ("FAILED", number) if status == "WAITING" else (status, number)
            for key, (status, number) in self.model.items()
        }

    @rule(minutes=st.sampled_from([0, 1, 10, 200, 2000]))
    def wait(self, minutes: int) -> None:
        """Time passes; claims lapse, steps fall due."""
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """Somebody wants it sent again."""
        delivery_id = data.draw(st.sampled_from(sorted(self.model)))
        status, _ = self.model[delivery_id]
        before = self._rows()
        code = self.try_to(
            lambda db: actions.replay_delivery(
                db, delivery_id=delivery_id, organisation_id=self.organisation_id, now=self.now
            )
        )
        if not self.is_on:
            assert code == "webhook-endpoint-status"
        elif status in rules.MOVES["replay"][0]:
            assert code == "done"
            self.model[delivery_id] = ("WAITING", 0)
            return
        else:
            assert code == "webhook-delivery-status"
        assert self._rows() == before

    @rule()
    def replay_all(self) -> None:
        """Somebody wants all sent again that failed."""

        async def step(db: AsyncSession) -> None:
            await actions.replay_failed(
                db, endpoint_id=self.endpoint_id, organisation_id=self.organisation_id, since=START, now=self.now
            )

        assert self.try_to(step) == ("done" if self.is_on else "webhook-endpoint-status")
        if self.is_on:
            self.model = {
                key: ("WAITING", 0) if status == "FAILED" else (status, number)
                for key, (status, number) in self.model.items()
            }

    @rule(verb=st.sampled_from(["enable", "disable"]))
    def switch(self, verb: str) -> None:
        """The owner switches it."""

        async def step(db: AsyncSession) -> None:
            endpoint = await queries.lock_endpoint(db, self.endpoint_id, organisation_id=self.organisation_id)
            if verb == "enable":
                await actions.enable_endpoint(db, endpoint=endpoint)
            else:
                await actions.disable_endpoint(db, endpoint=endpoint, reason="owner", now=self.now)

        is_legal = self.is_on == (verb == "disable")
        assert self.try_to(step) == ("done" if is_legal else "webhook-endpoint-status")
        if is_legal and verb == "disable":
            self._switch_off()
        elif is_legal:
            self.is_on = True

    def _rows(self) -> dict[UUID, dict[str, Any]]:
        async def step(db: AsyncSession) -> dict[UUID, dict[str, Any]]:
            rows = await db.execute(text("SELECT * FROM webhook_deliveries"))
            return {row["delivery_id"]: dict(row) for row in rows.mappings()}

        return self.do(step)

    @invariant()
    def the_database_is_as_the_model(self) -> None:
        if hasattr(self, "model"):
            found = {key: (row["status"], row["step"]) for key, row in self._rows().items()}
            assert found == self.model


def test_deliveries_move_as_their_table_says(database_url: str):
    Deliveries.url = database_url
    run_state_machine_as_test(
        Deliveries,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
