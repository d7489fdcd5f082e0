"""Enforcement: cases move by the table, measures hold products off the shelf, the end reaches credit."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from catalog.enforcement import actions, queries, rules
from services.catalog.tests.moves_machine import MovesMachine, run
from shared.auth import Caller
from shared.clock import business_day, utc_now
from shared.errors import Conflict, Invalid

COUNTY = "420325"
MARKET = Caller(uuid4(), kind="operator")


def once():
    return {"idempotency-key": uuid4().hex}


class CaseMachine(MovesMachine):
    """A case about a product that is for sale; what holds it off the shelf is counted."""

    MOVES = rules.MOVES
    NOUN = "case"
    SUBJECT = "enforcement-case"
    START = "OPENED"
    VERBS = tuple(sorted(rules.MOVES))

    def __init__(self):
        super().__init__()
        self.standing = []
        self.met = 0

    async def begin(self, db):
        product = await self.make.listed_product(db)
        case = await actions.open_case(
            db,
            case_id=uuid4(),
            supplier_id=product.supplier_id,
            subject_kind="product",
            subject_id=product.product_id,
            title="抽检不合格",
            grounds="农残",
            caller=MARKET,
            now=self.now,
        )
        return case.case_id

    async def find(self, db):
        return await queries.get_case(db, self.subject_id)

    async def step(self, db, verb, expected_revision):
        given = {"case_id": self.subject_id, "expected_revision": expected_revision, "caller": MARKET, "now": self.now}
        if verb == "order":
            measure_id = uuid4()
            done = await actions.order_measure(
                db,
                measure_id=measure_id,
                kind="delist",
                instruction="下架",
                deadline_on=business_day(self.now) + timedelta(days=9),
                **given,
            )
            self.standing.append(measure_id)
            return done
        if verb == "close":
            return await actions.close_case(db, result="violation", conclusion="成立", **given)
        return await actions.move_case(db, verb=verb, reason="看过", **given)

    async def before_verb(self, db, verb):  # noqa: ARG002
        return "measure-standing" if verb == "close" and self.standing else None

    @rule(verb=st.sampled_from(["meet", "lift"]))
    def end_the_first_measure(self, verb):
        if not self.standing:
            return
        revision = self.snapshot()[0]["revision"]
        measure_id = self.standing.pop(0)

        async def end(db, expected_revision=revision):
            await actions.end_measure(
                db,
                measure_id=measure_id,
                verb=verb,
                expected_revision=expected_revision,
                note="看过",
                caller=MARKET,
                now=self.now,
            )

        assert self.try_to(end) == "done"
        before = self.snapshot()
        assert self.try_to(lambda db: end(db, revision + 1)) == "measure-status"
        assert self.snapshot() == before

    @rule()
    def the_shelf_follows(self):
        assert self.snapshot()[2][2] == (0 if self.standing else 1)


def test_a_case_goes_only_where_the_table_says(database_url, make):
    run(CaseMachine, url=database_url, make=make, steps=14)


@pytest.mark.parametrize(
    ("kind", "fine", "days", "code"),
    [
        ("fine", None, 1, "fine-missing"),
        ("seize", 100, 1, "fine-not-expected"),
        ("order_correction", None, -1, "deadline-past"),
    ],
)
def test_a_measure_must_make_sense(kind, fine, days, code):
    today = business_day(utc_now())
    with pytest.raises(Invalid) as refused:
        rules.ensure_measure(kind, fine, today + timedelta(days=days), today)
    assert refused.value.code == code


def test_a_case_cannot_end_with_nothing_wrong_after_measures_were_met():
    with pytest.raises(Invalid) as refused:
        rules.ensure_may_close("no_violation", standing=0, ordered=1)
    assert refused.value.code == "result-unfounded"
    with pytest.raises(Conflict):
        rules.ensure_may_close("violation", standing=1, ordered=0)


async def test_a_case_over_http_from_opening_to_the_credit_event(client, db, make, as_caller):
    product = await make.listed_product(db)
    supplier_id = str(product.supplier_id)
    market = as_caller(kind="official", roles=("market_supervision",), regions=(COUNTY,))
    own = as_caller(kind="supplier", organisation_id=product.supplier_id)
    body = {
        "supplier_id": supplier_id,
        "subject_kind": "supplier",
        "subject_id": supplier_id,
        "title": "虚标产地",
        "grounds": "群众举报",
    }
    for who, code in ((own, "officials-only"), (as_caller(kind="official", regions=(COUNTY,)), "role-missing")):
        refused = await client.post("/v1/enforcement-cases", json=body, headers=who | once())
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    other = await client.post(
        "/v1/enforcement-cases",
        json=body | {"subject_kind": "lot", "subject_id": str(uuid4())},
        headers=market | once(),
    )
    assert (other.status_code, other.json()["code"]) == (422, "product-missing")
    case = (await client.post("/v1/enforcement-cases", json=body, headers=market | once())).json()["case_id"]

    async def act(path, match, **given):
        return await client.post(path, json=given, headers=market | once() | {"if-match": f'"{match}"'})

    await act(f"/v1/enforcement-cases/{case}/investigate", 1)
    deadline = str(business_day(utc_now()) + timedelta(days=7))
    fined = await act(
        f"/v1/enforcement-cases/{case}/measures",
        2,
        kind="fine",
        instruction="罚款",
        deadline_on=deadline,
        fine_fen=500000,
    )
    assert fined.status_code == 201
    assert len((await client.get("/v1/products")).json()["items"]) == 1
    await act(f"/v1/enforcement-cases/{case}/measures", 3, kind="seize", instruction="查封", deadline_on=deadline)
    assert (await client.get("/v1/products")).json()["items"] == []
    sku = (await client.get(f"/v1/products/{product.product_id}", headers=own)).json()["skus"][0]["sku_id"]
    listing = await client.post(f"/v1/skus/{sku}/list", headers=own)
    assert (listing.status_code, listing.json()["code"]) == (409, "product-under-measure")
    for words, found in (("虚标", 1), ("无此", 0)):
        asked = await client.get("/v1/enforcement-cases", params={"q": words}, headers=market)
        assert len(asked.json()["items"]) == found
    seen = await client.get(f"/v1/enforcement-cases/{case}", headers=own)
    fine, seizure = seen.json()["measures"]
    early = await act(f"/v1/enforcement-cases/{case}/close", 4, result="violation", conclusion="成立")
    assert (early.status_code, early.json()["code"]) == (409, "measure-standing")
    await act(f"/v1/enforcement-measures/{fine['measure_id']}/meet", 4, reason="已缴")
    await act(f"/v1/enforcement-measures/{seizure['measure_id']}/lift", 5, reason="已改正")
    assert len((await client.get("/v1/products")).json()["items"]) == 1
    closed = await act(f"/v1/enforcement-cases/{case}/close", 6, result="corrected", conclusion="已改正")
    assert (closed.json()["status"], closed.json()["result"]) == ("CLOSED", "corrected")
    events = (await client.get("/v1/credit-events", headers=own)).json()["items"]
    assert [(each["source"], each["kind"], each["reference"]) for each in events] == [("enforcement", "penalty", case)]
    sheet = await client.get("/v1/enforcement-cases/export?format=csv", headers=market)
    assert "已结案" in sheet.content.decode("utf-8-sig")
    assert (await client.get(f"/v1/enforcement-cases/{case}", headers=as_caller())).status_code == 404
