"""After any sequence of movements: ledger = counters = holds, nothing negative, and what is refused changes nothing."""

from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from orders.stock import actions, queries
from services.orders.tests.factories import NOW, WINDOW, listed_sku
from services.shared.tests.machine import DatabaseMachine

PLACES = st.integers(0, 2)
PIECES = st.integers(1, 6)


class StockMachine(DatabaseMachine):
    """The model: on_hand and held by SKU, open holds by holder."""

    def __init__(self) -> None:
        super().__init__()
        self.skus = sorted(uuid4() for _ in range(3))
        self.on_hand = dict.fromkeys(self.skus, 0)
        self.holds: dict[UUID, dict[UUID, int]] = {}

    def held(self, sku_id: UUID) -> int:
        return sum(hold.get(sku_id, 0) for hold in self.holds.values())

    def receive_now(self, sku_id: UUID, quantity: int) -> None:
        self.do(
            lambda db: actions.receive_stock(
                db, sku_id=sku_id, quantity=quantity, reference="", recorded_by=None, now=NOW
            )
        )
        self.on_hand[sku_id] += quantity

    @initialize()
    def start(self) -> None:
        for sku_id in self.skus:
            self.do(lambda db, sku_id=sku_id: listed_sku(db, sku_id=sku_id))
        for sku_id in self.skus[:2]:
            self.receive_now(sku_id, 5)

    @rule(place=PLACES, quantity=PIECES)
    def receive(self, place: int, quantity: int) -> None:
        self.receive_now(self.skus[place], quantity)

    @rule(place=PLACES, change=st.integers(-6, 6).filter(bool))
    def adjust(self, place: int, change: int) -> None:
        sku_id = self.skus[place]
        is_possible = self.on_hand[sku_id] - self.held(sku_id) + change >= 0
        outcome = self.try_to(
            lambda db: actions.adjust_stock(db, sku_id=sku_id, change=change, reason="count", recorded_by=None, now=NOW)
        )
        assert outcome == ("done" if is_possible else "stock-short")
        if is_possible:
            self.on_hand[sku_id] += change

    @rule(quantities=st.dictionaries(PLACES, PIECES, min_size=1))
    def hold(self, quantities: dict[int, int]) -> None:
        wanted = {self.skus[place]: quantity for place, quantity in quantities.items()}
        holder_id = uuid4()
        is_possible = all(self.on_hand[sku] - self.held(sku) >= quantity for sku, quantity in wanted.items())
        outcome = self.try_to(
            lambda db: actions.hold_stock(
                db, holder_id=holder_id, purpose="order", quantities=wanted, until=NOW + WINDOW, now=NOW
            )
        )
        assert outcome == ("done" if is_possible else "stock-short")
        if is_possible:
            self.holds[holder_id] = wanted

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        holder_id = data.draw(st.sampled_from([*self.holds, uuid4()]))
        for _ in range(2):
            self.do(lambda db: actions.release_stock(db, holder_ids=[holder_id], now=NOW))
        self.holds.pop(holder_id, None)

    @rule(data=st.data(), quantities=st.dictionaries(PLACES, PIECES, min_size=1))
    def ship(self, data: st.DataObject, quantities: dict[int, int]) -> None:
        holder_id = data.draw(st.sampled_from([*self.holds, uuid4()]))
        hold = self.holds.get(holder_id, {})
        sent = {self.skus[place]: quantity for place, quantity in quantities.items()}
        is_possible = all(hold.get(sku, 0) >= quantity for sku, quantity in sent.items())
        outcome = self.try_to(lambda db: actions.ship_stock(db, holder_id=holder_id, quantities=sent, now=NOW))
        assert outcome == ("done" if is_possible else "shipped-more-than-held")
        if is_possible:
            for sku, quantity in sent.items():
                hold[sku] -= quantity
                self.on_hand[sku] -= quantity

    @invariant()
    def counters_ledger_and_holds_agree(self) -> None:
        assert self.do(queries.list_differences) == []
        for sku_id in self.skus:
            count = self.do(lambda db, sku_id=sku_id: queries.get_count(db, sku_id))
            assert (count.on_hand, count.held) == (self.on_hand[sku_id], self.held(sku_id))
            assert count.available == count.on_hand - count.held >= 0


def test_books_balance_after_any_sequence_of_movements(database_url: str):
    machine = type("BoundStockMachine", (StockMachine,), {"url": database_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=20, deadline=None, database=None)
    )
