"""A product driven through every verb in any order on the real routes: an illegal move is 409 and changes nothing."""

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from catalog.product.rules import MOVES

_FACTS = {
    "title": "房县干香菇",
    "category": "mushroom",
    "picture": "shiitake",
    "origin_county_code": "420325",
    "shelf_life_days": 365,
    "description": "海拔八百米的袋料香菇。",
    "tax_basis": "cooperative_own",
    "invoice_name": "干香菇",
}
_PACK = {"specification": "500克 袋装", "net_weight_g": 500, "unit": "bag", "price_fen": 3980}
_STATE = text("""
    SELECT (SELECT status FROM products WHERE product_id = :id) AS status,
        (SELECT count(*) FROM trail_entries WHERE subject_id = :id) AS deeds,
        (SELECT count(*) FROM outbox) AS events,
        (SELECT count(*) FROM skus WHERE product_id = :id AND is_listed) AS on_shelf,
        (SELECT count(*) FROM product_cards WHERE product_id = :id) AS cards,
        (SELECT count(*) FROM product_reviews WHERE product_id = :id AND status = 'PENDING') AS pending
""")


@dataclass(frozen=True)
class House:
    """A running service and who asks it. Hypothesis calls from a thread beside the service's loop."""

    loop: asyncio.AbstractEventLoop
    client: Any
    database: Any
    own: dict[str, str]
    operator: dict[str, str]


class Products(RuleBasedStateMachine):
    house: ClassVar[House]

    def __init__(self) -> None:
        super().__init__()
        self.status = "DRAFT"
        self.pending = ""
        self.is_reviewed = False
        self.product_id = ""

    def do(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.house.loop).result(30)

    def ask(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> Any:
        key = {"idempotency-key": uuid4().hex} if method == "POST" else {}
        return self.do(self.house.client.request(method, path, json=body, headers=headers | key))

    def state(self) -> Any:
        async def read() -> Any:
            async with self.house.database.read() as db:
                return (await db.execute(_STATE, {"id": self.product_id})).one()

        return self.do(read())

    def bench(self) -> tuple[Any, dict[str, str]]:
        answer = self.ask("GET", f"/v1/products/{self.product_id}/workbench", self.house.own)
        return answer.json(), self.house.own | {"if-match": answer.headers["etag"]}

    @initialize()
    def draft(self) -> None:
        self.product_id = self.ask("POST", "/v1/products", self.house.own, _FACTS).json()["product_id"]
        made = self.ask("POST", f"/v1/products/{self.product_id}/skus", self.house.own, _PACK)
        assert made.status_code == 201, made.text

    def move(self, verb: str, body: Any, *, is_legal: bool, after: str, code: str = "product-status") -> bool:
        _, headers = self.bench()
        before = self.state()
        answer = self.ask("POST", f"/v1/products/{self.product_id}/{verb}", headers, body)
        if is_legal:
            assert answer.status_code == 200, (verb, self.status, answer.text)
            self.status = after
            return True
        assert (answer.status_code, answer.json()["code"]) == (409, code), (verb, self.status, answer.text)
        assert self.state() == before
        return False

    @rule()
    def submit(self) -> None:
        is_legal = self.status in MOVES["submit"][0]
        code = "review-pending" if is_legal and self.pending else "product-status"
        if self.move("submit", None, is_legal=is_legal and not self.pending, after="IN_REVIEW", code=code):
            self.pending = "LISTING"

    @rule()
    def withdraw(self) -> None:
        after = "DRAFT" if self.pending == "LISTING" else self.status
        if self.move("withdraw", None, is_legal=bool(self.pending), after=after, code="review-missing"):
            self.pending = ""

    @rule()
    def delist(self) -> None:
        self.move("delist", {"reason": "换季"}, is_legal=self.status == "LISTED", after="DELISTED")

    @rule()
    def relist(self) -> None:
        is_delisted = self.status == "DELISTED"
        code = "product-changed" if is_delisted else "product-status"
        is_legal = is_delisted and self.is_reviewed
        self.move("relist", {"reason": "误点"}, is_legal=is_legal, after="LISTED", code=code)

    @rule(title=st.sampled_from(["房县花菇", "房县干香菇", "房县冬菇"]))
    def edit(self, title: str) -> None:
        bench, headers = self.bench()
        before = self.state()
        is_same = bench["product"]["title"] == title
        answer = self.ask("PATCH", f"/v1/products/{self.product_id}", headers, {"title": title})
        if self.status == "IN_REVIEW" and not is_same:
            assert (answer.status_code, answer.json()["code"]) == (409, "product-in-review")
            assert self.state() == before
            return
        assert answer.status_code == 200, answer.text
        if self.status == "LISTED" or (self.status == "DELISTED" and self.pending):
            self.pending = "" if is_same else "CHANGE"
        elif self.status == "DELISTED":
            self.is_reviewed = False

    @rule(is_accepted=st.booleans())
    def decide(self, is_accepted: bool) -> None:
        bench, _ = self.bench()
        review = bench["pending"] or bench["last_decision"]
        if review is None:
            return
        before = self.state()
        verb, body = ("accept", {}) if is_accepted else ("reject", {"reasons": {"title": "写明产地"}})
        headers = self.house.operator | {"if-match": f'"{review["revision"]}"'}
        answer = self.ask("POST", f"/v1/product-reviews/{review['review_id']}/{verb}", headers, body)
        if not self.pending:
            assert (answer.status_code, answer.json()["code"]) == (409, "review-status"), answer.text
            assert self.state() == before
            return
        assert answer.status_code == 200, answer.text
        if self.pending == "LISTING":
            self.status = "LISTED" if is_accepted else "DRAFT"
            self.is_reviewed = self.is_reviewed or is_accepted
        self.pending = ""

    @invariant()
    def the_shelf_follows_the_status(self) -> None:
        if not self.product_id:
            return
        state = self.state()
        assert state.status == self.status
        assert state.pending == bool(self.pending)
        assert (state.on_shelf, state.cards) == ((1, 1) if self.status == "LISTED" else (0, 0))


async def test_every_way_through_the_verbs_keeps_shelf_queue_and_status_together(
    live_client, fresh_database, make, as_caller
):
    async with fresh_database.begin() as db:
        supplier = await make.supplier(db)
    own = as_caller(kind="supplier", organisation_id=supplier.supplier_id)
    operator = as_caller(kind="operator", roles=("reviewer",))
    house = House(asyncio.get_running_loop(), live_client, fresh_database, own, operator)
    machine = type("ProductsOfThisHouse", (Products,), {"house": house})
    chosen = settings(
        max_examples=12, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=chosen)
