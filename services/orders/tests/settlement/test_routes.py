"""What units owe over HTTP: shape, authority, codes, replay."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx2
from sqlalchemy.ext.asyncio import AsyncSession

from services.orders.tests.settlement.settling import TODAY, accepted, checked, entry_for, statement_file

Headers = Callable[..., dict[str, str]]


async def test_a_supplier_enters_an_invoice_once(client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers):
    owed = await accepted(db, 10)
    entry = await entry_for(db, owed)
    seller = as_caller(kind="supplier", organisation_id=owed.deal.supplier_id) | {"idempotency-key": str(uuid4())}
    body = {
        "kind": entry.kind,
        "number": entry.number,
        "issued_on": "2026-11-20",
        "title": entry.title,
        "taxpayer_id": entry.taxpayer_id,
        "gross_fen": 35_000,
        "lines": [
            {"order_line_id": str(line.order_line_id), "name": line.name, "rate_bp": 900, "gross_fen": line.gross_fen}
            for line in entry.lines
        ],
    }
    path = f"/v1/settlements/{owed.order_id}/invoices"
    first = await client.post(path, json=body, headers=seller)
    again = await client.post(path, json=body, headers=seller)
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert again.headers["idempotent-replayed"] == "true"
    twin = await client.post(path, json=body, headers=seller | {"idempotency-key": str(uuid4())})
    assert (twin.status_code, twin.json()["code"]) == (409, "invoice-number-used")
    unit = as_caller(kind="institution", organisation_id=owed.deal.organisation_id, roles=("finance",))
    assert (await client.post(path, json=body, headers=unit)).status_code in (400, 403)
    told = (await client.get(path, headers=unit)).json()
    assert (len(told["items"]), told["differences"], told["payable_fen"]) == (1, [], 35_000)
    stranger = as_caller(kind="supplier", organisation_id=uuid4())
    assert (await client.get(path, headers=stranger)).json()["code"] == "settlement-not-found"


async def test_a_statement_is_brought_and_listed(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers, tmp_path: Path
):
    owed = await checked(db, 10)
    seller = as_caller(kind="supplier", organisation_id=owed.deal.supplier_id)
    content = statement_file(tmp_path, ("A1", 35_000, "货款"), on=TODAY.replace(day=1)).read_bytes()
    put = {"content": content, "headers": seller | {"content-type": "application/octet-stream"}}
    taken = (await client.put("/v1/bank-statements?name=a.csv", **put)).json()
    assert (taken["outcome"], taken["line_count"], taken["matched_count"]) == ("taken", 1, 0)
    again = (await client.put("/v1/bank-statements?name=a.csv", **put)).json()
    assert again["outcome"] == "unchanged"
    [line] = (await client.get("/v1/bank-lines?state=OPEN", headers=seller)).json()["items"]
    whole = (await client.get(f"/v1/bank-lines/{line['line_id']}", headers=seller)).json()
    assert [each["hints"] for each in whole["items"]] == [["amount"]]
    stranger = as_caller(kind="supplier", organisation_id=uuid4())
    assert (await client.get(f"/v1/bank-lines/{line['line_id']}", headers=stranger)).status_code == 404
    unit = as_caller(kind="institution", organisation_id=owed.deal.organisation_id, roles=("finance",))
    assert (await client.get("/v1/bank-lines", headers=unit)).status_code == 403
    path = f"/v1/bank-lines/{line['line_id']}/set-aside"
    assert (await client.post(path, json={"reason": "退款"}, headers=seller)).status_code == 428
    stale = await client.post(path, json={"reason": "退款"}, headers=seller | {"if-match": '"9"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    aside = await client.post(path, json={"reason": "退款"}, headers=seller | {"if-match": '"1"'})
    assert (aside.status_code, aside.json()["state"]) == (200, "SET_ASIDE")


async def test_lists_refuse_foreign_cursors_and_go_out_as_files(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    owed = await checked(db, 10)
    unit = as_caller(kind="institution", organisation_id=owed.deal.organisation_id, roles=("buyer",))
    for path in ("/v1/settlements", "/v1/overdue"):
        refused = await client.get(f"{path}?cursor=WzEsMiwzXQ", headers=unit)
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor-invalid")
        assert (await client.get(f"{path}/export", headers=unit)).status_code == 200
    [item] = (await client.get("/v1/settlements?stage=INVOICE_CHECKED", headers=unit)).json()["items"]
    assert (item["order_id"], item["payment_code"]) == (str(owed.order_id), owed.code)
    assert (await client.get(f"/v1/settlements/{owed.order_id}", headers=unit)).json()["payable_fen"] == 35_000
    consumer = as_caller()
    assert (await client.get("/v1/settlements", headers=consumer)).json()["items"] == []
