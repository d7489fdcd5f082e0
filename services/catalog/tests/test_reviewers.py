"""Two people decide the same thing at the same moment: exactly one does, the other is told that it changed.

Product reviews, certificates, reports, linkages, placements, recognitions, supply entries, rule versions, issues of
directories and the platform's admissions have this beside their other tests; here are the rest.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from linkage_cases import SHIMEN, a_contract
from sqlalchemy import text

from catalog.credit import actions as credit_actions
from catalog.credit_appeal import actions as appeal_actions
from catalog.demonstration import actions as demonstration_actions
from catalog.enforcement import actions as enforcement_actions
from catalog.recognition import actions as recognition_actions
from shared.auth import Caller
from shared.clock import business_day, utc_now

COUNTY = "420325"
SOMEBODY = Caller(uuid4(), kind="operator")
Try = tuple[str, dict[str, Any] | None]


@dataclass(frozen=True)
class Race:
    """What is decided, the revision that both saw, and the two decisions as path and body."""

    subject_id: UUID
    revision: int
    one: Try
    other: Try
    roles: tuple[str, ...]
    region: str = COUNTY


async def a_case(db, make, *, is_measured=False):
    """An enforcement case under investigation."""
    product = await make.listed_product(db)
    case_id, now = uuid4(), utc_now()
    await enforcement_actions.open_case(
        db,
        case_id=case_id,
        supplier_id=product.supplier_id,
        subject_kind="product",
        subject_id=product.product_id,
        title="抽检不合格",
        grounds="农残",
        caller=SOMEBODY,
        now=now,
    )
    await enforcement_actions.move_case(
        db, case_id=case_id, verb="investigate", expected_revision=1, reason="立案", caller=SOMEBODY, now=now
    )
    measure_id = uuid4()
    if is_measured:
        await enforcement_actions.order_measure(
            db,
            measure_id=measure_id,
            case_id=case_id,
            expected_revision=2,
            kind="seize",
            instruction="查封",
            deadline_on=business_day(now) + timedelta(days=9),
            caller=SOMEBODY,
            now=now,
        )
    return case_id, measure_id


async def enforcement_closing(db, make, _way):
    case_id, _ = await a_case(db, make)
    path = f"/v1/enforcement-cases/{case_id}"
    closing = {"result": "no_violation", "conclusion": "不成立"}
    return Race(case_id, 2, (f"{path}/close", closing), (f"{path}/drop", {"reason": "撤案"}), ("market_supervision",))


async def enforcement_measure(db, make, _way):
    case_id, _ = await a_case(db, make)
    path = f"/v1/enforcement-cases/{case_id}"
    deadline = (business_day(utc_now()) + timedelta(days=7)).isoformat()
    measure = {"kind": "delist", "instruction": "下架", "deadline_on": deadline}
    return Race(
        case_id, 2, (f"{path}/measures", measure), (f"{path}/drop", {"reason": "撤案"}), ("market_supervision",)
    )


async def enforcement_end_of_measure(db, make, _way):
    case_id, measure_id = await a_case(db, make, is_measured=True)
    path, body = f"/v1/enforcement-measures/{measure_id}", {"reason": "查过"}
    return Race(case_id, 3, (f"{path}/meet", body), (f"{path}/lift", body), ("market_supervision",))


async def credit_objection(db, make, way):
    supplier_id = (await make.listed_product(db)).supplier_id
    placement_id, appeal_id, now = uuid4(), uuid4(), utc_now()
    await credit_actions.propose_placement(
        db,
        placement_id=placement_id,
        supplier_id=supplier_id,
        which="ABNORMAL",
        basis="八号",
        caller=SOMEBODY,
        now=now,
    )
    await credit_actions.decide_placement(
        db,
        placement_id=placement_id,
        verb="place",
        expected_revision=1,
        reason="属实",
        caller=SOMEBODY,
        now=now,
    )
    await appeal_actions.raise_appeal(
        db,
        appeal_id=appeal_id,
        kind="objection",
        subject_kind="placement",
        subject_id=placement_id,
        statement="不属实",
        caller=way.of(supplier_id),
        now=now,
    )
    path, body = f"/v1/credit-appeals/{appeal_id}", {"answer": "核实过"}
    return Race(appeal_id, 1, (f"{path}/grant", body), (f"{path}/refuse", body), ("market_supervision",))


async def recognition_objection(db, make, _way):
    product = await make.listed_product(db, origin_county_code=COUNTY)
    recognition_id, objection_id, now = uuid4(), uuid4(), utc_now()
    await recognition_actions.apply_for_recognition(
        db,
        recognition_id=recognition_id,
        product_id=product.product_id,
        township="土城镇",
        statement="自产",
        caller=SOMEBODY,
        now=now,
    )
    for revision, verb in enumerate(("accept", "pass-township", "pass-department", "decide"), start=1):
        await recognition_actions.move_on(
            db,
            recognition_id=recognition_id,
            verb=verb,
            expected_revision=revision,
            caller=Caller(uuid4(), kind="operator"),
            reason="看过",
            now=now,
        )
    await recognition_actions.raise_objection(
        db,
        objection_id=objection_id,
        recognition_id=recognition_id,
        name="周边农户",
        contact="13900000000",
        grounds="不是本县产的",
        caller=None,
        now=now,
    )
    path = f"/v1/recognition-objections/{objection_id}/answer"
    one, other = ({"outcome": outcome, "answer": "核实过"} for outcome in ("upheld", "dismissed"))
    return Race(recognition_id, 1, (path, one), (path, other), ("decider", "department", "market_supervision"))


async def licence_check(db, make, way):
    supplier = await make.supplier(db)
    licence_id = (await way.licence(db, supplier.supplier_id)).licence_id
    path = f"/v1/licences/{licence_id}"
    return Race(licence_id, 1, (f"{path}/verify", None), (f"{path}/refuse", {"reason": "字迹不清"}), ("agriculture",))


async def demonstration_naming(db, make, _way):
    product = await make.listed_product(db)
    demonstration_id, now = uuid4(), utc_now()
    await demonstration_actions.apply_for_demonstration(
        db,
        demonstration_id=demonstration_id,
        kind="enterprise",
        name="大山合作社",
        county_code=COUNTY,
        supplier_id=product.supplier_id,
        statement="三百亩",
        caller=SOMEBODY,
        now=now,
    )
    await demonstration_actions.move_on(
        db,
        demonstration_id=demonstration_id,
        verb="review",
        expected_revision=1,
        reason="",
        caller=SOMEBODY,
        now=now,
    )
    path = f"/v1/demonstrations/{demonstration_id}"
    tries = (f"{path}/name", {}), (f"{path}/reject", {"reason": "不足"})
    return Race(demonstration_id, 2, *tries, ("province",), "420000")


async def profit_contract(db, make, _way):
    supplier = await make.supplier(db, county_code=SHIMEN)
    contract = await a_contract(db, supplier.supplier_id, verbs=("submit",))
    path = f"/v1/profit-contracts/{contract.contract_id}"
    tries = (f"{path}/confirm", None), (f"{path}/return", {"reason": "补充"})
    return Race(contract.contract_id, contract.revision, *tries, ("assistance",), SHIMEN)


async def county_admission(db, _make, way):
    supplier_id = await way.on_the_way(db, "linkage")
    path = f"/v1/admissions/{supplier_id}"
    findings = {"findings": [{"field": "products", "sentence": "写明村"}]}
    tries = (f"{path}/recommend", None), (f"{path}/county-reject", findings)
    return Race(supplier_id, await way.revision(db, supplier_id), *tries, ("assistance",))


@pytest.mark.parametrize(
    "prepare",
    [
        enforcement_closing,
        enforcement_measure,
        enforcement_end_of_measure,
        credit_objection,
        recognition_objection,
        licence_check,
        demonstration_naming,
        profit_contract,
        county_admission,
    ],
)
async def test_of_two_at_once_exactly_one_decides(
    live_client, fresh_database, make, way, as_caller, prepare: Callable[..., Any]
):
    async with fresh_database.begin() as db:
        race: Race = await prepare(db, make, way)
        before = await trail_of(db, race.subject_id)
    people = [
        as_caller(kind="official", organisation_id=uuid4(), roles=race.roles, regions=(race.region,)) for _ in range(2)
    ]
    answers = await asyncio.gather(
        *(
            live_client.post(
                path,
                json=body,
                headers=person | {"if-match": f'"{race.revision}"', "idempotency-key": uuid4().hex},
            )
            for (path, body), person in ((race.one, people[0]), (race.other, people[1])) * 2
        )
    )
    assert sorted(each.status_code for each in answers)[1:] == [412] * 3, [each.text for each in answers]
    assert min(each.status_code for each in answers) in (200, 201)
    async with fresh_database.read() as db:
        assert await trail_of(db, race.subject_id) == before + 1


async def trail_of(db, subject_id):
    query = text("SELECT count(*) FROM trail_entries WHERE subject_id = :id")
    return await db.scalar(query, {"id": subject_id})
