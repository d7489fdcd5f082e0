"""Activation codes: who hands them out, which one counts and until when, and how often one may be wrong."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from orders.unit import actions, activation
from orders.unit.models import BudgetUnit, UnitActivation
from services.orders.tests.factories import NOW
from services.orders.tests.unit_factories import COUNTY, acting_for, finance_office, unit
from shared.auth import Caller
from shared.db import Database
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Refusal

Headers = Callable[..., dict[str, str]]
LIMIT = activation.limits().wrong_count


async def waiting(db: AsyncSession, **given: object) -> BudgetUnit:
    return await unit(db, organisation_id=None, **given)


def head() -> Caller:
    return Caller(uuid4(), organisation_id=uuid4(), kind="institution", roles=frozenset({"admin"}))


async def issued(db: AsyncSession, made: BudgetUnit, caller: Caller | None = None) -> str:
    return (await activation.issue_code(db, unit_id=made.unit_id, caller=caller or finance_office(), now=NOW)).code


async def tried(db: AsyncSession, made: BudgetUnit, code: str, caller: Caller, **given: object) -> str | None:
    at = {"now": NOW} | given
    refusal = await activation.try_code(db, uscc=made.uscc, typed=code, caller=caller, **at)  # type: ignore[arg-type]
    return None if refusal is None else refusal.code


async def test_the_finance_office_the_operator_and_the_lead_units_administrator_issue_it(db: AsyncSession):
    lead = await unit(db)
    made = await waiting(db, parent_id=lead.unit_id)
    for caller in (finance_office(), acting_for(lead, "admin"), Caller(uuid4(), kind="operator")):
        code = await issued(db, made, caller)
        assert await tried(db, made, code, head()) is None
    for caller, refusal in (
        (acting_for(lead, "buyer"), Forbidden),
        (acting_for(await unit(db), "admin"), NotFound),
        (finance_office("110000"), NotFound),
    ):
        with pytest.raises(refusal):
            await issued(db, made, caller)


async def test_only_the_last_code_counts_once_and_until_it_expires(db: AsyncSession):
    made = await waiting(db)
    first, second = await issued(db, made), await issued(db, made)
    typed = "-".join(second[at : at + 4].lower() for at in range(0, 16, 4))
    assert await tried(db, made, first, head()) == "activation-code-wrong"
    assert await tried(db, made, typed, head()) is None
    kept = await db.scalar(select(UnitActivation.code_hash).where(UnitActivation.unit_id == made.unit_id))
    assert kept == activation.hash_of(second)
    late = NOW + activation.limits().lifetime
    assert await tried(db, made, second, head(), now=late) == "activation-code-wrong"
    with pytest.raises(Invalid):
        await actions.bind_unit(db, uscc=made.uscc, activation_code=second, caller=head(), now=late)
    assert await tried(db, await waiting(db), second, head()) == "activation-code-wrong"
    await actions.bind_unit(db, uscc=made.uscc, activation_code=second, caller=head(), now=NOW)
    assert await db.scalar(select(UnitActivation.code_hash).where(UnitActivation.unit_id == made.unit_id)) is None
    assert await tried(db, made, second, head()) == "unit-bound"
    with pytest.raises(Conflict):
        await issued(db, made)


async def test_an_institution_that_guesses_waits_and_no_other_does(db: AsyncSession):
    made, guesser = await waiting(db), head()
    code = await issued(db, made)
    for _ in range(LIMIT):
        assert await tried(db, made, "2345-6789", guesser) == "activation-code-mistyped"
        assert await tried(db, made, activation.new_code(), guesser) == "activation-code-wrong"
    assert await tried(db, made, code, guesser) == "too-many-attempts"
    assert await tried(db, made, code, head()) is None
    later = NOW + activation.limits().window + timedelta(seconds=1)
    assert await tried(db, made, activation.new_code(), guesser, now=later) == "activation-code-wrong"
    assert await tried(db, made, code, guesser, now=later) is None


async def test_the_database_keeps_no_code_of_a_unit_with_an_account_or_that_ended(db: AsyncSession):
    made, gone = await unit(db), await waiting(db)
    row = text(
        "INSERT INTO unit_activations (unit_id, code_hash, issued_by, issued_at, expires_at)"
        " VALUES (:unit_id, sha256('x'), gen_random_uuid(), now(), now() + interval '1 day')"
    )
    with pytest.raises(IntegrityError):
        async with db.begin_nested():
            await db.execute(row, {"unit_id": made.unit_id})
    await db.execute(row, {"unit_id": gone.unit_id})
    await db.execute(text("UPDATE budget_units SET status = 'CLOSED' WHERE unit_id = :id"), {"id": gone.unit_id})
    assert await db.scalar(text("SELECT count(*) FROM unit_activations")) == 0


async def test_of_two_who_have_the_code_one_is_bound(fresh_database: Database):
    async with fresh_database.begin() as db:
        made = await waiting(db)
        code = await issued(db, made)

    async def take() -> str:
        try:
            async with fresh_database.begin() as db:
                await actions.bind_unit(db, uscc=made.uscc, activation_code=code, caller=head(), now=NOW)
        except Refusal as refusal:
            return refusal.code
        return "bound"

    assert sorted(await asyncio.gather(*(take() for _ in range(4)))) == ["bound", *["unit-bound"] * 3]


async def test_over_http_a_wrong_code_is_counted_and_then_waits(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    made = await waiting(db)
    own = as_caller(kind="institution", organisation_id=uuid4(), roles=("admin",))
    plain = as_caller(kind="institution", organisation_id=uuid4(), roles=("buyer",))
    body = {"uscc": made.uscc, "activation_code": activation.new_code()}

    async def told(headers: dict[str, str]) -> tuple[int, str]:
        answer = await client.post("/v1/units/bind", json=body, headers=headers | {"idempotency-key": str(uuid4())})
        return answer.status_code, answer.json()["code"]

    assert await told(plain) == (403, "unit-administrator-needed")
    for _ in range(LIMIT):
        assert await told(own) == (422, "activation-code-wrong")
    assert await told(own) == (429, "too-many-attempts")
    for who, status in ((own, 404), (as_caller(kind="official", roles=("finance_office",), regions=(COUNTY,)), 201)):
        answer = await client.post(f"/v1/units/{made.unit_id}/activation-code", headers=who)
        assert answer.status_code == status, answer.text
    assert len(answer.json()["code"]) == len("2345-6789-ACEF-HJKM")
