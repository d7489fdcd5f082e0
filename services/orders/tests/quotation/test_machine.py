"""Whatever is done to a quotation in whatever order: only legal moves change anything; nothing is told too early."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.quotation import actions, attaching, awarding, bidding, queries, rules
from services.orders.tests.factories import NOW
from services.orders.tests.quotation import asking
from services.shared.tests.machine import DatabaseMachine
from shared.files import Files

REASON = "报价完整，交货最快，质量报告齐全，综合考虑后确定成交"
WORLD = """
    SELECT (SELECT jsonb_agg(q ORDER BY quotation_id) FROM quotations AS q), (SELECT jsonb_agg(b ORDER BY bid_id)
            FROM quotation_bids AS b), (SELECT jsonb_agg(f ORDER BY file_id)
            FROM quotation_bid_files AS f), (SELECT jsonb_agg(o ORDER BY bid_id, line_id) FROM quotation_offers AS o),
           (SELECT count(*) FROM outbox), (SELECT count(*) FROM trail_entries), (SELECT count(*) FROM purchases)
"""


class QuotationMachine(DatabaseMachine):
    """The model: the status, the time, the deadline and who has a bid under the seal."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.closes_at, self.status = NOW, asking.DEADLINE, "DRAFT"
        self.extended, self.bids, self.attached = False, set[int](), set[int]()
        self.shelf = TemporaryDirectory()

    def teardown(self) -> None:
        self.shelf.cleanup()
        super().teardown()

    @initialize()
    def draft(self) -> None:
        async def begin(db: AsyncSession) -> UUID:
            self.table = await asking.laid_table(db)
            draft = await asking.drafted(
                db,
                self.table,
                deliver_from=NOW + timedelta(days=40),
                deliver_until=NOW + timedelta(days=41),
            )
            return draft.quotation_id

        self.quotation_id = self.do(begin)

    def world(self) -> Any:
        async def look(db: AsyncSession) -> Any:
            return (await db.execute(text(WORLD))).one()

        return self.do(look)

    def expect(self, step: Callable[[AsyncSession], Awaitable[Any]], *, refusal: str) -> None:
        """It is done (`refusal` is empty), or refused so and nothing changed."""
        before = self.world()
        outcome = self.try_to(step)
        assert outcome == (refusal or "done")
        if refusal:
            assert self.world() == before

    def revision(self) -> int:
        async def look(db: AsyncSession) -> int:
            return int(await db.scalar(text("SELECT revision FROM quotations")) or 0)

        return self.do(look)

    def given(self) -> dict[str, Any]:
        return {
            "quotation_id": self.quotation_id,
            "expected_revision": self.revision(),
            "caller": self.table.handler,
            "now": self.now,
        }

    @rule()
    def publish(self) -> None:
        refusal = "quotation-status" if self.status != "DRAFT" else ""
        if not refusal and self.now > self.closes_at - rules.figures().least_open:
            refusal = "deadline-too-near"
        given = self.given()
        self.expect(lambda db: actions.publish_quotation(db, **given), refusal=refusal)
        if not refusal:
            self.status = "OPEN"

    @rule(who=st.integers(0, 2), withdraws=st.booleans())
    def bid(self, who: int, withdraws: bool) -> None:
        refusal = "quotation-unknown" if self.status == "DRAFT" else "quotation-status" if self.status != "OPEN" else ""
        if self.was_never_published():
            refusal = "quotation-unknown"
        if not refusal and self.now >= self.closes_at:
            refusal = "quotation-closed"
        if not refusal and withdraws and who not in self.bids:
            refusal = "quotation-bid-status"
        supplier, now = self.table.suppliers[who], self.now

        async def step(db: AsyncSession) -> None:
            if withdraws:
                await bidding.withdraw_bid(db, quotation_id=self.quotation_id, caller=supplier, now=now)
            else:
                quotation = await queries.get_invited(db, self.quotation_id, supplier.organisation_id or UUID(int=0))
                await asking.offered(db, self.table, quotation, supplier, 100 + who, 200 - who, now=now)

        self.expect(step, refusal=refusal)
        if not refusal:
            (self.bids.discard if withdraws else self.bids.add)(who)
            self.attached &= self.bids

    @rule(who=st.integers(0, 2))
    def attach(self, who: int) -> None:
        refusal = "quotation-unknown" if self.was_never_published() else ""
        if not refusal and self.status != "OPEN":
            refusal = "quotation-status"
        elif not refusal and self.now >= self.closes_at:
            refusal = "quotation-closed"
        elif not refusal and who not in self.bids:
            refusal = "quotation-bid-status"
        given: dict[str, Any] = {"caller": self.table.suppliers[who], "now": self.now, "content": b"%PDF-1.7"}
        given |= {"kind": "LETTER", "name": "函", "quotation_id": self.quotation_id, "file_id": uuid4()}
        files = Files(f"file://{self.shelf.name}")
        self.expect(
            lambda db: attaching.file_attachment(db, files, asking.SEAL, **given),
            refusal=refusal,
        )
        if not refusal:
            self.attached.add(who)

    def was_never_published(self) -> bool:
        async def look(db: AsyncSession) -> bool:
            return await db.scalar(text("SELECT published_at FROM quotations")) is None

        return self.do(look)

    @rule()
    def extend(self) -> None:
        refusal = ""
        if self.status != "OPEN":
            refusal = "quotation-status"
        elif self.now < self.closes_at:
            refusal = "quotation-sealed"
        elif len(self.bids) >= rules.figures().least_bids:
            refusal = "bids-enough"
        elif self.extended:
            refusal = "extended-already"
        given, later = self.given(), self.now + timedelta(days=1)
        self.expect(
            lambda db: actions.extend_quotation(db, closes_at=later, reason="只有两家", **given), refusal=refusal
        )
        if not refusal:
            self.closes_at, self.extended = later, True

    @rule(reason=st.sampled_from(["", "就这几家"]))
    def open(self, reason: str) -> None:
        refusal = ""
        if self.status != "OPEN":
            refusal = "quotation-status"
        elif self.now < self.closes_at:
            refusal = "quotation-sealed"
        elif not self.bids:
            refusal = "quotation-without-bids"
        elif len(self.bids) < rules.figures().least_bids and not reason:
            refusal = "few-bids-reason-missing"
        given = self.given()
        self.expect(lambda db: actions.open_quotation(db, asking.SEAL, reason=reason, **given), refusal=refusal)
        if not refusal:
            self.status = "OPENED"

    @rule(is_split=st.booleans())
    def award(self, is_split: bool) -> None:
        refusal = "" if self.status == "OPENED" else "quotation-status"
        given = self.given()

        async def step(db: AsyncSession) -> None:
            offers = await queries.list_offers(db, self.quotation_id)
            picks = {each.line_id: rules.Pick(each.line_id, each.bid_id) for each in offers}
            if is_split:
                picks |= {each.line_id: rules.Pick(each.line_id, each.bid_id) for each in reversed(offers[:1])}
            await awarding.award_quotation(db, picks=list(picks.values()), reason=REASON, **given)

        self.expect(step, refusal=refusal)
        if not refusal:
            self.status = "AWARDED"

    @rule(reason=st.sampled_from(["", "预算收回"]))
    def cancel(self, reason: str) -> None:
        refusal = "quotation-status" if self.status in {"AWARDED", "CANCELLED"} else "" if reason else "reason-missing"
        given = self.given()
        self.expect(lambda db: actions.cancel_quotation(db, reason=reason, **given), refusal=refusal)
        if not refusal:
            self.status = "CANCELLED"

    @rule()
    def edit(self) -> None:
        refusal = "" if self.status == "DRAFT" else "quotation-status"
        given = self.given()
        draft = asking.draft_of(
            self.table, deliver_from=NOW + timedelta(days=40), deliver_until=NOW + timedelta(days=41)
        )
        self.expect(lambda db: actions.edit_quotation(db, draft=draft, **given), refusal=refusal)

    @rule(hours=st.sampled_from([1, 24, 72]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def the_books_are_right(self) -> None:
        if not hasattr(self, "quotation_id"):
            return

        async def look(db: AsyncSession) -> Any:
            return (
                await db.scalar(text("SELECT status FROM quotations")),
                await db.scalar(text("SELECT count(*) FROM quotation_bids WHERE sealed IS NOT NULL")),
                await db.scalar(text("SELECT count(*) FROM quotation_offers")),
                await db.scalar(text("SELECT count(*) FROM purchases")),
                await db.scalar(text("SELECT opened_at IS NOT NULL FROM quotations")),
                await db.scalar(text("SELECT count(*) FROM quotation_bid_files WHERE sealed IS NOT NULL")),
                await db.scalar(text("SELECT count(*) FROM quotation_bid_files WHERE name IS NOT NULL")),
            )

        status, bid_count, offer_count, purchase_count, is_opened, file_count, told_count = self.do(look)
        assert (file_count, told_count) == (len(self.attached), len(self.attached) if is_opened else 0)
        assert (status, bid_count) == (self.status, len(self.bids))
        assert offer_count == (2 * len(self.bids) if is_opened else 0), "no price before the opening"
        assert purchase_count == (1 if status == "AWARDED" else 0)


def test_only_legal_moves_change_anything(database_url: str):
    machine = type("BoundQuotationMachine", (QuotationMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=20, deadline=None, database=None)
    )
