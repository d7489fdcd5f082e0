"""Statements over HTTP: authority, an upload, lists, files, decisions; and the running sandbox's own statement."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text

from orders.payment.providers.connection import Connection
from orders.payment.providers.signing import MerchantKeys
from orders.payment.providers.wechat_v3 import WechatPayV3
from orders.statement import fetching
from services.orders.tests.payment.shop import Headers, Shop, until
from services.orders.tests.statement.provider_books import Provider
from services.orders.tests.statement.test_actions import DAY, paid
from shared.clock import business_day, utc_now
from shared.errors import Unavailable


@pytest.fixture
def operator(as_caller: Headers) -> dict[str, str]:
    return as_caller(kind="operator")


async def upload(client: httpx2.AsyncClient, headers: dict[str, str], content: bytes, **given: Any) -> httpx2.Response:
    path = f"/v1/payment-statements/{given.get('provider', 'sandbox')}/{given.get('day', DAY)}"
    return await client.put(path, params={"name": "账单.csv"}, content=content, headers=headers)


@pytest.fixture
async def uploaded(db: Any, client: httpx2.AsyncClient, operator: dict[str, str], provider: Provider, tmp_path: Any):
    """Yesterday's statement with three amounts that differ: its id and its file."""
    lines = [(await paid(db, amount=amount))[1] for amount in (7001, 7002, 7003)]
    await db.execute(text("UPDATE payments SET paid_at = paid_at - interval '1 day'"))
    yesterday = DAY - timedelta(days=1)
    path = provider.write_lines(
        [type(line)(**{**_fields(line), "at": line.at - timedelta(days=1)}) for line in lines], tmp_path / "file"
    )
    answer = await upload(client, operator, path.read_bytes(), day=yesterday)
    assert answer.status_code == 201, answer.text
    return answer.json()["statement_id"], path.read_bytes(), yesterday


async def test_only_operators_see_statements_and_alarms(
    client: httpx2.AsyncClient, as_caller: Headers, operator: dict[str, str]
):
    """A supplier and an institution have a role finance too: it opens nothing of the platform's."""
    for path in ("/v1/payment-statements", f"/v1/payment-statements/{uuid4()}", "/v1/payment-alarms"):
        assert (await client.get(path)).status_code == 401
        for kind in ("consumer", "supplier", "institution", "official"):
            refused = await client.get(path, headers=as_caller(kind=kind, roles=("finance",)))
            assert (refused.status_code, refused.json()["code"]) == (403, "kind-not-allowed")
    assert (await client.get("/v1/payment-statements", headers=operator)).json()["items"] == []


async def test_a_day_is_uploaded_once_listed_and_shown(client: httpx2.AsyncClient, operator: dict[str, str], uploaded):
    statement_id, content, day = uploaded
    again = await upload(client, operator, content, day=day)
    assert (again.status_code, again.json()) == (200, {"statement_id": statement_id, "outcome": "unchanged"})
    listed = (await client.get("/v1/payment-statements", params={"is_open": "true"}, headers=operator)).json()["items"]
    assert [(each["statement_id"], each["open_count"], each["file_name"]) for each in listed] == [
        (statement_id, 3, "账单.csv")
    ]
    one = (await client.get(f"/v1/payment-statements/{statement_id}", headers=operator)).json()
    assert one["counts"] == [{"kind": "AMOUNT", "state": "OPEN", "count": 3}]
    assert (one["payment_fen"], one["own_payment_fen"]) == (7001 + 7002 + 7003, 3 * 7960)
    for q, count in ((str(day)[:7], 1), ("1999-", 0)):
        found = await client.get("/v1/payment-statements", params={"q": q}, headers=operator)
        sheet = await client.get("/v1/payment-statements/export", params={"q": q, "format": "csv"}, headers=operator)
        assert (len(found.json()["items"]), len(sheet.text.splitlines())) == (count, 1 + count)
    others = await client.get("/v1/payment-statements", params={"provider": "wechat"}, headers=operator)
    assert others.json()["items"] == []


async def test_differences_come_page_by_page_narrowed_and_as_files(
    client: httpx2.AsyncClient, operator: dict[str, str], uploaded
):
    path = f"/v1/payment-statements/{uploaded[0]}/differences"
    seen: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        page = (await client.get(path, params=params, headers=operator)).json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert sorted(each["there_fen"] for each in seen) == [7001, 7002, 7003]
    narrowed = await client.get(path, params={"q": seen[0]["number"][:12]}, headers=operator)
    assert [each["number"] for each in narrowed.json()["items"]] == [seen[0]["number"]]
    for given in ({"kind": "FEE"}, {"state": "SETTLED"}, {"q": "%"}):
        assert (await client.get(path, params=given, headers=operator)).json()["items"] == []
    csv = await client.get(f"{path}/export", params={"format": "csv"}, headers=operator)
    assert csv.text.count("金额不符") == 3
    assert "70.01" in csv.text
    xlsx = await client.get(f"{path}/export", headers=operator)
    assert xlsx.content.startswith(b"PK")
    for cursor in ("x", "WyJhIiwiYiJd"):
        for where in (path, "/v1/payment-statements"):
            refused = await client.get(where, params={"cursor": cursor}, headers=operator)
            assert (refused.status_code, refused.json()["code"]) == (400, "cursor-invalid")


async def test_a_difference_is_explained_under_its_etag(client: httpx2.AsyncClient, operator: dict[str, str], uploaded):
    path = f"/v1/payment-statements/{uploaded[0]}/differences"
    row = (await client.get(path, headers=operator)).json()["items"][0]
    where = f"/v1/payment-differences/{row['difference_id']}"
    assert (await client.post(f"{where}/settle", json={"reason": "x"}, headers=operator)).status_code == 428
    tagged = operator | {"if-match": f'"{row["revision"]}"'}
    assert (await client.post(f"{where}/settle", json={}, headers=tagged)).json()["code"] == "reason-missing"
    done = await client.post(f"{where}/explain", json={"reason": "渠道优惠"}, headers=tagged)
    assert (done.status_code, done.json()["state"], done.headers["etag"]) == (200, "EXPLAINED", '"2"')
    stale = await client.post(f"{where}/settle", json={"reason": "x"}, headers=tagged)
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    again = await client.post(f"{where}/explain", json={"reason": "x"}, headers=operator | {"if-match": '"2"'})
    assert (again.status_code, again.json()["status_now"]) == (409, "EXPLAINED")
    unknown = await client.post(
        f"/v1/payment-differences/{uuid4()}/settle", json={"reason": "x"}, headers=operator | {"if-match": '"1"'}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "difference-unknown")
    compared = await client.post(f"/v1/payment-statements/{uploaded[0]}/compare", headers=operator)
    assert (compared.json()["open_count"], compared.json()["decided_count"]) == (2, 1)


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"day": "today"}, 422, "day-not-over"),
        ({"provider": "cash"}, 404, "provider-unknown"),
        ({}, 422, "statement-unreadable"),
    ],
)
async def test_a_wrong_upload_says_what_is_wrong(
    client: httpx2.AsyncClient, operator: dict[str, str], given: dict[str, Any], status: int, code: str
):
    if given.get("day") == "today":  # not before the test runs: the collection may lie before midnight in Shanghai
        given = given | {"day": business_day(utc_now())}
    answer = await upload(client, operator, b"nothing", **{"day": DAY - timedelta(days=1), **given})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def two_decide_at_once(http: httpx2.AsyncClient, headers: dict[str, str], where: str) -> list[int]:
    tagged = headers | {"if-match": '"1"'}
    answers = await asyncio.gather(
        *(http.post(f"{where}/{verb}", json={"reason": verb}, headers=tagged) for verb in ("explain", "settle"))
    )
    return sorted(answer.status_code for answer in answers)


async def test_the_sandboxs_statement_agrees_with_what_went_through_it(shop: Shop):
    """Notices, a refund, a payment whose notice never came: asked about at once, and then nothing differs."""
    order_id, payment_id, _ = await shop.payment()
    await shop.pay(payment_id)
    await until(lambda: shop.status(order_id), "PAID")
    silent_order, silent, _ = await shop.payment()
    await shop.pay(silent, is_silent=True)
    _, odd, _ = await shop.payment()
    await shop.pay(odd, wrong_amount_fen=1)
    tomorrow = utc_now() + timedelta(days=1)
    async with shop.database.begin() as db:
        await db.execute(text("UPDATE payments SET next_check_at = now() + interval '3 days'"))
    taken = await fetching.fetch_day(
        shop.database, shop.channels, provider="sandbox", day=business_day(utc_now()), taken_by=None, now=tomorrow
    )
    assert await shop.status(silent_order) == "PAID"
    headers = shop.headers(kind="operator")
    rows = (await shop.http.get(f"/v1/payment-statements/{taken.statement_id}/differences", headers=headers)).json()
    ours = {payment_id.hex, silent.hex, odd.hex}
    told = {each["number"]: (each["kind"], each["state"]) for each in rows["items"] if each["number"] in ours}
    assert told == {silent.hex: ("STATUS", "SETTLED"), odd.hex: ("STATUS", "OPEN")}
    [waiting] = [each for each in rows["items"] if each["number"] == odd.hex]
    where = f"/v1/payment-differences/{waiting['difference_id']}"
    statuses = await two_decide_at_once(shop.http, headers, where) if waiting["revision"] == 1 else [200, 412]
    assert statuses == [200, 412]
    again = await fetching.fetch_day(
        shop.database, shop.channels, provider="sandbox", day=business_day(utc_now()), taken_by=None, now=tomorrow
    )
    assert again.outcome == "unchanged"


async def test_the_morning_job_takes_what_is_missing_and_a_day_without_trade_is_empty(shop: Shop):
    now = utc_now() + timedelta(days=30)
    assert await fetching.fetch_missing(shop.database, shop.channels, now=now) == fetching.LOOK_BACK_DAYS
    assert await fetching.fetch_missing(shop.database, shop.channels, now=now) == 0
    async with shop.database.read() as db:
        assert await db.scalar(text("SELECT sum(entry_count) FROM statements")) == 0
        assert await db.scalar(text("SELECT count(*) FROM statements")) == fetching.LOOK_BACK_DAYS


async def test_a_provider_out_of_order_is_asked_again_later(shop: Shop):
    await shop.control("faults", verb="statement", count=2)
    now = utc_now() + timedelta(days=60)
    assert await fetching.fetch_missing(shop.database, shop.channels, now=now) == fetching.LOOK_BACK_DAYS - 2
    assert await fetching.fetch_missing(shop.database, shop.channels, now=now) == 2


async def test_an_operator_fetches_a_day(shop: Shop):
    headers = shop.headers(kind="operator")
    day = business_day(utc_now())
    today = await shop.http.post(f"/v1/payment-statements/sandbox/{day}/fetch", headers=headers)
    assert (today.status_code, today.json()["code"]) == (422, "day-not-over")
    path = f"/v1/payment-statements/sandbox/{day - timedelta(days=400)}/fetch"
    assert (await shop.http.post(path, headers=headers)).json()["outcome"] == "taken"
    unknown = await shop.http.post(f"/v1/payment-statements/cash/{day - timedelta(days=1)}/fetch", headers=headers)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "provider-unknown")


async def test_a_statement_that_does_not_fit_its_digest_is_not_taken(shop: Shop, tmp_path: Any):
    """A second provider serves the file of the first one's books: the digest came signed, the file did not."""
    _, payment_id, _ = await shop.payment()
    await shop.pay(payment_id)
    keys = MerchantKeys.load(shop.sandbox.keys.merchant)

    class Altered(Connection):
        async def fetch(self, address: str, path: Any, **given: Any) -> int:
            status = await super().fetch(address, path, **given)
            path.write_bytes(path.read_bytes().replace(b"`SUCCESS", b"`REVOKED"))
            return status

    provider = WechatPayV3(Altered("x", shop.sandbox.url, deadline_seconds=5), keys, notice_url="http://127.0.0.1:9/n")
    with pytest.raises(Unavailable, match="digest"):
        await provider.fetch_statement(business_day(utc_now()), tmp_path / "file")
    await provider.aclose()


def _fields(line: Any) -> dict[str, Any]:
    return {name: getattr(line, name) for name in type(line).__dataclass_fields__}
