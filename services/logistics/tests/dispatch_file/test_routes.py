"""Many shipments by one spreadsheet: checked first, sent once, whatever comes in between."""

import asyncio
import io
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import python_calamine
import xlsxwriter
from sqlalchemy import text

from logistics.dispatch_file import actions
from logistics.dispatch_file.rules import COLUMNS
from logistics.jobs import go_on_with_files, send_file
from services.logistics.tests.factories import (
    CARRIER,
    Headers,
    caller_headers,
    order_paid,
    paid_shipment,
    sold_line,
    sold_part,
    with_carrier,
)
from shared.auth import Caller
from shared.clock import utc_now
from shared.db import Database
from shared.events.logistics import ShipmentDispatched
from shared.ids import new_id
from shared.testing import published

HEAD = [each.zh for each in COLUMNS]
FILES = "/v1/dispatch-files"


class Packer:
    """A supplier with shipments to send, and its requests."""

    def __init__(self, client: httpx2.AsyncClient, database: Database, as_caller: Headers) -> None:
        self.client, self.database = client, database
        self.supplier_id = uuid4()
        self.caller = Caller(uuid4(), self.supplier_id, "supplier")
        self.headers = caller_headers(as_caller, self.caller)

    async def sell(self, *quantities: int) -> list[str]:
        """A paid order of a SKU for each of the quantities; the order numbers."""
        numbers = []
        async with self.database.begin() as db:
            for quantity in quantities:
                number = f"N{uuid4().hex[:10]}"
                part = sold_part(sold_line(quantity=quantity), supplier_id=self.supplier_id)
                await paid_shipment(db, order_paid(part, order_number=number))
                numbers.append(number)
        return numbers

    async def upload(self, content: bytes, name: str = "发货.xlsx") -> httpx2.Response:
        return await self.client.post(FILES, params={"name": name}, content=content, headers=self.headers)

    async def apply(self, file_id: str) -> dict[str, Any]:
        answer = await self.client.post(f"{FILES}/{file_id}/apply", headers=self.headers)
        assert answer.status_code == 200, answer.text
        begun: dict[str, Any] = answer.json()
        return begun

    async def read(self, path: str) -> Any:
        answer = await self.client.get(f"{FILES}/{path}".rstrip("/"), headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def sent(self) -> list[tuple[str, str, int]]:
        """Order number, status and pieces that left, of each of the supplier's shipments."""
        statement = text("""
            SELECT order_number, status, sum(dispatched_quantity)::integer AS count
            FROM shipments JOIN shipment_lines USING (shipment_id) WHERE supplier_id = :supplier_id
            GROUP BY shipment_id ORDER BY order_number
        """)
        async with self.database.read() as db:
            rows = await db.execute(statement, {"supplier_id": self.supplier_id})
            return [(row.order_number, row.status, row.count) for row in rows]


@pytest.fixture
async def packer(live_client: httpx2.AsyncClient, fresh_database: Database, as_caller: Headers) -> Packer:
    async with fresh_database.begin() as db:
        await with_carrier(db)
    return Packer(live_client, fresh_database, as_caller)


def line(number: str, waybill: str, **cells: object) -> dict[str, object]:
    return {"order_number": number, "quantity": 1, "carrier": "顺丰示例", "waybill_number": waybill, **cells}


def sheet(*rows: Mapping[str, object], head: list[str] = HEAD) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, head)
        for index, row in enumerate(rows, start=1):
            page.write_row(index, 0, [row.get(each.key, "") for each in COLUMNS])
    return file.getvalue()


def cells_of(content: bytes) -> list[list[Any]]:
    return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


async def test_the_template_holds_what_is_open_and_goes_through_when_filled_in(packer: Packer):
    numbers = await packer.sell(2, 1)
    answer = await packer.client.get(f"{FILES}/template", headers=packer.headers)
    head, *rows = cells_of(answer.content)
    assert head == HEAD
    assert sorted((row[0], row[2], row[5], row[6]) for row in rows) == sorted(
        (number, "阜平鲜香菇", count, count) for number, count in zip(numbers, (2, 1), strict=True)
    )
    untouched = await packer.upload(answer.content)
    assert (untouched.status_code, untouched.json()["code"]) == (422, "no-rows")
    assert untouched.json()["sentence"] == "没有一行填了承运商或运单号。"
    filled = [dict(zip((each.key for each in COLUMNS), row, strict=True)) for row in rows]
    for index, row in enumerate(filled):
        row.update(carrier=CARRIER, waybill_number=f"SF900{index}")
    made = await packer.upload(sheet(*filled))
    assert (made.status_code, made.json()["ready_count"], made.json()["wrong_count"]) == (201, 2, 0)
    assert {status for _, status, _ in await packer.sent()} == {"PENDING"}, "an upload only checks"
    await packer.apply(made.json()["file_id"])
    await send_file(packer.database, made.json()["file_id"])
    assert sorted(await packer.sent()) == sorted(
        (number, "DISPATCHED", count) for number, count in zip(numbers, (2, 1), strict=True)
    )
    done = await packer.read(made.json()["file_id"])
    assert (done["status"], done["sent_count"], done["ready_count"]) == ("DONE", 2, 0)


async def test_bad_rows_come_back_with_cell_and_sentence_and_good_ones_go(packer: Packer):
    first, second = await packer.sell(3, 1)
    content = sheet(
        line(first, "SF9001", quantity=2),
        line(second, "SF9002", carrier="飞毛腿"),
        line("N0", "SF(1)"),
    )
    made = (await packer.upload(content)).json()
    assert (made["ready_count"], made["wrong_count"]) == (1, 2)
    listed = await packer.read(f"{made['file_id']}/rows?status=WRONG&limit=1")
    assert [each["row_number"] for each in listed["items"]] == [3]
    assert listed["items"][0]["sentence"].startswith("没有合作的承运商“飞毛腿”")
    rest = await packer.read(f"{made['file_id']}/rows?status=WRONG&cursor={listed['next_cursor']}")
    assert [each["code"] for each in rest["items"]] == ["shipment-unknown"]
    answer = await packer.client.get(f"{FILES}/{made['file_id']}/corrections", headers=packer.headers)
    head, *rows = cells_of(answer.content)
    assert head[: len(HEAD)] == HEAD
    assert [(row[0], row[8], row[10], row[11]) for row in rows] == [
        (second, "SF9002", 3, "承运商"),
        ("N0", "SF(1)", 4, "订单号"),
    ]
    await packer.apply(made["file_id"])
    await send_file(packer.database, made["file_id"])
    assert {number: (status, count) for number, status, count in await packer.sent()} == {
        first: ("PENDING", 2),
        second: ("PENDING", 0),
    }, "a part of the first went, its rest stays open"


async def test_the_same_file_again_changes_nothing(packer: Packer):
    (number,) = await packer.sell(2)
    content = sheet(line(number, "SF9001"))
    made = await packer.upload(content)
    await packer.apply(made.json()["file_id"])
    await send_file(packer.database, made.json()["file_id"])
    again = await packer.upload(content)
    assert (again.status_code, again.json()["file_id"], again.json()["status"]) == (200, made.json()["file_id"], "DONE")
    await packer.apply(made.json()["file_id"])
    await send_file(packer.database, made.json()["file_id"])
    assert await packer.sent() == [(number, "PENDING", 1)]
    other = (await packer.upload(sheet(line(number, "SF9001", product="香菇")))).json()
    assert other["file_id"] != made.json()["file_id"]
    wrong = await packer.read(f"{other['file_id']}/rows")
    assert [each["code"] for each in wrong["items"]] == ["waybill-sent-already"]


async def test_two_uploads_of_one_file_at_once_are_one_file(packer: Packer):
    numbers = await packer.sell(1, 1, 1)
    content = sheet(*(line(number, f"SF90{index:02d}") for index, number in enumerate(numbers)))
    answers = await asyncio.gather(*(packer.upload(content) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [200, 200, 200, 201]
    (file_id,) = {each.json()["file_id"] for each in answers}
    assert {(each.json()["ready_count"], each.json()["wrong_count"]) for each in answers} == {(3, 0)}
    await asyncio.gather(*(packer.apply(file_id) for _ in range(3)))
    await asyncio.gather(*(send_file(packer.database, file_id) for _ in range(3)))
    assert sorted(await packer.sent()) == sorted((number, "DISPATCHED", 1) for number in numbers)
    async with packer.database.begin() as db:
        assert len(await published(db, ShipmentDispatched)) == 3


async def test_a_crash_between_two_rows_leaves_whole_shipments_and_the_rest_follows(packer: Packer):
    numbers = await packer.sell(1, 1, 1)
    content = sheet(*(line(number, f"SF90{index:02d}") for index, number in enumerate(numbers)))
    file_id = (await packer.upload(content)).json()["file_id"]
    await packer.apply(file_id)
    async with packer.database.begin() as db:
        assert await actions.send_next(db, file_id=UUID(file_id), now=utc_now(), new_id=new_id)
    with pytest.raises(RuntimeError):
        async with packer.database.begin() as db:
            await actions.send_next(db, file_id=UUID(file_id), now=utc_now(), new_id=new_id)
            raise RuntimeError("killed before the commit")
    assert sorted(count for _, _, count in await packer.sent()) == [0, 0, 1]
    stopped = await packer.read(file_id)
    assert (stopped["status"], stopped["sent_count"], stopped["ready_count"]) == ("APPLYING", 1, 2)
    await go_on_with_files(packer.database)
    assert {(status, count) for _, status, count in await packer.sent()} == {("DISPATCHED", 1)}
    assert (await packer.read(file_id))["status"] == "DONE"


async def test_what_changed_since_the_check_is_refused_beside_its_row(packer: Packer):
    first, second = await packer.sell(1, 1)
    file_id = (await packer.upload(sheet(line(first, "SF9001"), line(second, "SF9002")))).json()["file_id"]
    async with packer.database.begin() as db:
        statement = "UPDATE shipments SET status = 'CANCELLED', order_cancelled_at = now() WHERE order_number = :number"
        await db.execute(text(statement), {"number": first})
    await packer.apply(file_id)
    await send_file(packer.database, file_id)
    rows = (await packer.read(f"{file_id}/rows"))["items"]
    assert [(each["status"], each["code"]) for each in rows] == [("REFUSED", "shipment-cancelled"), ("SENT", "")]
    assert {number: status for number, status, _ in await packer.sent()} == {
        first: "CANCELLED",
        second: "DISPATCHED",
    }


async def test_a_file_without_a_good_row_cannot_be_applied(packer: Packer):
    made = (await packer.upload(sheet(line("N0", "SF9001")))).json()
    answer = await packer.client.post(f"{FILES}/{made['file_id']}/apply", headers=packer.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-send")
    assert (await packer.read(made["file_id"]))["status"] == "CHECKED"


def many_rows() -> bytes:
    body = "".join(f"N1,1,sf-demo,SF{number:08d}\r\n" for number in range(100_000))
    return ("订单号,发货件数,承运商,运单号\r\n" + body).encode()


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"", "file-empty", "文件是空的"),
        (b"MZ\x90\x00\x03" * 50, "file-no-spreadsheet", "这不是表格文件"),
        (b"PK\x03\x04 not really an archive", "file-damaged", "文件损坏"),
        ("商品,价格\r\n香菇,3\r\n".encode(), "head-wrong", "表头不对"),
        ("订单号,发货件数,承运商\r\nN1,3,sf-demo\r\n".encode(), "head-wrong", "运单号"),
        (many_rows(), "too-many-rows", "一个文件最多填 5000 行"),
    ],
    ids=["empty", "binary", "damaged", "another head", "a column lacks", "100,000 rows"],
)
async def test_a_file_that_is_none_of_ours_is_refused_with_a_sentence(
    packer: Packer, content: bytes, code: str, said: str
):
    answer = await packer.upload(content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert said in answer.json()["sentence"]
    assert (await packer.read(""))["items"] == []


async def test_only_suppliers_send_by_file_and_only_their_own(packer: Packer, as_caller: Headers):
    (number,) = await packer.sell(1)
    file_id = (await packer.upload(sheet(line(number, "SF9001")))).json()["file_id"]
    other = as_caller(kind="supplier", organisation_id=uuid4())
    stranger = await packer.client.get(f"{FILES}/{file_id}", headers=other)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "dispatch-file-not-found")
    theirs = await packer.client.post(FILES, params={"name": "x"}, content=sheet(line(number, "SF9001")), headers=other)
    assert (theirs.status_code, theirs.json()["wrong_count"]) == (201, 1), "another supplier's orders are unknown"
    for headers in (as_caller(), as_caller(kind="operator")):
        refused = await packer.client.get(f"{FILES}/{file_id}", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "not-the-supplier")


async def test_the_files_of_before_are_a_file_each_suppliers_own(packer: Packer, as_caller: Headers):
    [number] = await packer.sell(1)
    for name, waybill in (("一.xlsx", "SF9001"), ("二.xlsx", "SF9002")):
        assert (await packer.upload(sheet(line(number, waybill), line("N0", waybill)), name)).status_code == 201
    told = (await packer.client.get(f"{FILES}/export", headers=packer.headers)).text.splitlines()
    assert [row.split(",")[:7] for row in told[1:]] == [
        [name, "已核对，未发货", "2", "1", "0", "1", "0"] for name in ("二.xlsx", "一.xlsx")
    ]
    stranger = as_caller(kind="supplier", organisation_id=uuid4())
    assert len((await packer.client.get(f"{FILES}/export", headers=stranger)).text.splitlines()) == 1
    refused = await packer.client.get(f"{FILES}/export", headers=as_caller())
    assert (refused.status_code, refused.json()["code"]) == (403, "not-the-supplier")
