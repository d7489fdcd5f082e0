"""Signing in and out, over HTTP."""

import asyncio
from time import perf_counter

import httpx2
import pytest
import pytest_asyncio
from httpx2 import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

PASSWORD = "香菇炖鸡要小火慢炖 2026"
ACCOUNT = {"display_name": "小梅", "email": "xiaomei@example.com", "phone": "13800138000", "password": PASSWORD}


@pytest_asyncio.fixture
async def person(client: AsyncClient) -> AsyncClient:
    """A signed-in person whose requests carry the token."""
    await client.post("/v1/accounts", json=ACCOUNT)
    client.headers["x-csrf-token"] = (await client.get("/v1/me")).json()["csrf_token"]
    return client


def elsewhere(client: AsyncClient) -> AsyncClient:
    """Another browser at the same gateway."""
    return httpx2.AsyncClient(transport=client._transport, base_url="http://test")


async def signed_in(client: AsyncClient, **changes: str) -> httpx2.Response:
    answer = await client.post(
        "/v1/sessions", json={"identifier": "xiaomei@example.com", "password": PASSWORD, **changes}
    )
    if answer.status_code == 201:
        client.headers["x-csrf-token"] = answer.json()["csrf_token"]
    return answer


@pytest.mark.parametrize("identifier", ["XiaoMei@example.com ", "138 0013 8000", "+8613800138000"])
async def test_one_signs_in_by_address_or_number(person: AsyncClient, identifier: str):
    async with elsewhere(person) as other:
        answer = await signed_in(other, identifier=identifier)
        assert answer.status_code == 201, answer.text
        assert (await other.get("/v1/me")).json()["display_name"] == "小梅"


async def test_a_wrong_password_and_an_unknown_account_answer_alike(person: AsyncClient):
    async with elsewhere(person) as other:
        wrong = await signed_in(other, password="something else entirely")
        unknown = await signed_in(other, identifier="nobody@example.com")
        nonsense = await signed_in(other, identifier="no contact at all")
    bodies = [{**answer.json(), "trace_id": ""} for answer in (wrong, unknown, nonsense)]
    assert bodies[0] == bodies[1] == bodies[2]
    assert (wrong.status_code, bodies[0]["code"]) == (401, "credentials-wrong")
    assert "set-cookie" not in wrong.headers


async def test_an_unknown_account_takes_as_long_as_a_wrong_password(person: AsyncClient):
    async with elsewhere(person) as other:
        await signed_in(other, identifier="warm-up@example.com")
        times: dict[str, list[float]] = {"xiaomei@example.com": [], "nobody@example.com": []}
        for _ in range(4):
            for identifier, taken in times.items():
                begin = perf_counter()
                await signed_in(other, identifier=identifier, password="something else entirely")
                taken.append(perf_counter() - begin)
    wrong, unknown = (min(taken) for taken in times.values())
    assert unknown > wrong / 2, "a look-up without hashing would be a hundred times faster"


async def test_the_eleventh_wrong_password_is_not_even_tried(person: AsyncClient):
    async with elsewhere(person) as other:
        for _ in range(10):
            assert (await signed_in(other, password="something else entirely")).status_code == 401
        refused = await signed_in(other)
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-attempts")
        assert 0 < int(refused.headers["retry-after"]) <= 900
        assert (await signed_in(other, identifier="nobody@example.com")).status_code == 401, "others are free to try"


async def test_guesses_at_one_moment_are_no_more_than_the_limit(live_client: AsyncClient):
    answers = await asyncio.gather(*(signed_in(live_client, password=f"guess number {n}") for n in range(25)))
    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 15


async def test_right_passwords_do_not_count(person: AsyncClient, db: AsyncSession):
    async with elsewhere(person) as other:
        for _ in range(3):
            assert (await signed_in(other)).status_code == 201
    assert await db.scalar(text("SELECT max(attempt_count) FROM attempts WHERE attempt_count > 1")) is None


async def test_signing_out_is_at_once(person: AsyncClient):
    cookie = person.cookies["zn_session"]
    answer = await person.delete("/v1/sessions/current")
    assert answer.status_code == 204
    assert "zn_session" not in person.cookies
    again = await person.get("/v1/me", headers={"cookie": f"zn_session={cookie}"})
    assert again.status_code == 401


async def test_a_session_that_ends_while_its_request_runs_lets_that_request_end(live_client: AsyncClient):
    """Of many requests around a sign-out each is either answered in full or refused; none after it is answered."""
    await live_client.post("/v1/accounts", json=ACCOUNT)
    token = (await live_client.get("/v1/me")).json()["csrf_token"]
    cookie = {"cookie": f"zn_session={live_client.cookies['zn_session']}"}
    async with elsewhere(live_client) as other:
        running = [asyncio.create_task(other.get("/v1/sessions", headers=cookie)) for _ in range(20)]
        await asyncio.sleep(0)
        ended = await live_client.delete("/v1/sessions/current", headers={"x-csrf-token": token})
        after = await asyncio.gather(*(other.get("/v1/sessions", headers=cookie) for _ in range(20)))
        around = await asyncio.gather(*running)
    assert ended.status_code == 204
    assert {answer.status_code for answer in after} == {401}
    assert {answer.status_code for answer in around} <= {200, 401}


async def test_one_sees_and_ends_one_s_other_sessions(person: AsyncClient):
    async with elsewhere(person) as phone:
        phone.headers["user-agent"] = "phone"
        entry = (await signed_in(phone)).json()
        listed = (await person.get("/v1/sessions")).json()["items"]
        assert [
            (each["is_current"], each["user_agent"]) for each in listed if each["session_id"] == entry["session_id"]
        ] == [(False, "phone")]
        assert len(listed) == 2
        assert (await phone.get("/v1/me")).status_code == 200
        assert (await person.delete(f"/v1/sessions/{entry['session_id']}")).status_code == 204
        assert (await phone.get("/v1/me")).status_code == 401
        assert (await person.delete(f"/v1/sessions/{entry['session_id']}")).json()["code"] == "session-not-found"


async def test_nobody_ends_the_session_of_another(person: AsyncClient):
    mine = (await person.get("/v1/sessions")).json()["items"][0]["session_id"]
    async with elsewhere(person) as other:
        await other.post("/v1/accounts", json={**ACCOUNT, "email": "other@example.com", "phone": None})
        other.headers["x-csrf-token"] = (await other.get("/v1/me")).json()["csrf_token"]
        refused = await other.delete(f"/v1/sessions/{mine}")
        assert (refused.status_code, refused.json()["code"]) == (404, "session-not-found")
    assert (await person.get("/v1/me")).status_code == 200


async def test_a_new_password_ends_the_other_sessions(person: AsyncClient):
    async with elsewhere(person) as thief:
        await signed_in(thief)
        wrong = await person.put(
            "/v1/me/password", json={"current_password": "x", "new_password": "梨子熟了的时候就回家"}
        )
        assert (wrong.status_code, wrong.json()["code"]) == (403, "password-wrong")
        weak = await person.put("/v1/me/password", json={"current_password": PASSWORD, "new_password": "1234567890"})
        assert (weak.json()["code"], weak.json()["field"]) == ("password-weak", "new_password")
        assert (await thief.get("/v1/me")).status_code == 200
        changed = await person.put(
            "/v1/me/password", json={"current_password": PASSWORD, "new_password": "梨子熟了的时候就回家"}
        )
        assert changed.status_code == 204
        assert (await thief.get("/v1/me")).status_code == 401
        assert (await person.get("/v1/me")).status_code == 200
        assert (await signed_in(thief)).status_code == 401
        assert (await signed_in(thief, password="梨子熟了的时候就回家")).status_code == 201


async def test_one_signs_in_again_over_an_old_session(person: AsyncClient):
    del person.headers["x-csrf-token"]
    assert (await signed_in(person)).status_code == 201
    foreign = await person.post(
        "/v1/sessions",
        json={"identifier": "xiaomei@example.com", "password": PASSWORD},
        headers={"sec-fetch-site": "cross-site"},
    )
    assert (foreign.status_code, foreign.json()["code"]) == (403, "csrf-failed")
