"""Files to import, and a worker that brings them as far as they go."""

import csv
import io
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio

from catalog.importer.working import Workplace, work_on
from shared.clock import utc_now

HEADS = ["县", "乡镇", "村", "品名", "类别", "年度", "种养规模", "年产量（吨）", "上市季节", "市场价格区间（元/斤）"]
FANGXIAN = "420325"


def row(number: int = 1, **given: Any) -> dict[str, Any]:
    """A good row of the supply register."""
    good = {
        "县": FANGXIAN,
        "乡镇": "门古寺镇",
        "村": f"项家河{number}村",
        "品名": "花菇",
        "类别": "菌菇山珍",
        "年度": "2026",
        "种养规模": "500亩",
        "年产量（吨）": "60",
        "上市季节": "3-5月",
        "市场价格区间（元/斤）": "35-48",
    }
    return {**good, **given}


def as_csv(rows: list[dict[str, Any]], *, heads: list[str] | None = None, encoding: str = "utf-8") -> bytes:
    """Rows as a CSV file."""
    sink = io.StringIO()
    writer = csv.DictWriter(sink, heads or list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return sink.getvalue().encode(encoding)


@pytest.fixture
def official(as_caller) -> dict[str, str]:
    """The agriculture bureau of 房县."""
    return as_caller(kind="official", roles=("agriculture",), regions=(FANGXIAN,), organisation_id=uuid4())


class Desk:
    """Uploads, works and looks, over HTTP and as the worker."""

    def __init__(self, http: httpx2.AsyncClient, app: Any, headers: dict[str, str]) -> None:
        self.http = http
        self.app = app
        self.headers = headers

    async def upload(self, content: bytes, *, kind: str = "supply", name: str = "表.csv", **query: str) -> Any:
        """Send a file; the answer."""
        return await self.http.post(
            f"/v1/imports/{kind}", params={"name": name, **query}, content=content, headers=self.headers
        )

    async def work(self, batch_id: str, **given: Any) -> bool:
        """What the job does."""
        place = Workplace(self.app.state.database, self.app.state.files, self.app.state.settings, uuid4(), utc_now)
        return await work_on(Workplace(**{**place.__dict__, **given}), UUID(batch_id))

    async def get(self, batch_id: str, path: str = "", **params: Any) -> Any:
        """What the batch is now."""
        answer = await self.http.get(f"/v1/imports/{batch_id}{path}", headers=self.headers, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def check(self, content: bytes, **given: Any) -> Any:
        """Upload and check; the batch."""
        answer = await self.upload(content, **given)
        assert answer.status_code in (200, 201), answer.text
        await self.work(answer.json()["batch_id"])
        return await self.get(answer.json()["batch_id"])

    async def apply(self, batch_id: str, mode: str = "abort") -> Any:
        """Ask for writing; the answer."""
        headers = {**self.headers, "Idempotency-Key": str(uuid4())}
        return await self.http.post(f"/v1/imports/{batch_id}/apply", json={"mode": mode}, headers=headers)

    async def write(self, batch_id: str, mode: str = "abort") -> Any:
        """Ask for writing and let the worker do it; the batch."""
        answer = await self.apply(batch_id, mode)
        assert answer.status_code == 200, answer.text
        await self.work(batch_id)
        return await self.get(batch_id)


@pytest.fixture
def desk(client, app, official) -> Desk:
    """The desk of the agriculture bureau, rolled back after the test."""
    return Desk(client, app, official)


@pytest.fixture
def live_desk(live_client, official) -> Desk:
    """The same with a database of its own, where transactions are real."""
    return Desk(live_client, live_client.app, official)


@pytest.fixture
def supply_row() -> Callable[..., dict[str, Any]]:
    """`row`."""
    return row


@pytest.fixture
def csv_of() -> Callable[..., bytes]:
    """`as_csv`."""
    return as_csv


PACK = {
    "商品编码": "XG-500",
    "产品名称": "房县花菇",
    "类别": "菌菇山珍",
    "产地县": FANGXIAN,
    "规格": "500g 袋装",
    "净重（公斤）": "0.5",
    "单价（元）": "68.00",
    "上市季节": "3月-5月",
    "保质期（天）": "365",
}


@pytest.fixture
def pack_row() -> Callable[..., dict[str, Any]]:
    """A good row of products."""
    return lambda **given: {**PACK, **given}


@pytest_asyncio.fixture
async def supplier_desk(client, app, db, make, as_caller) -> Desk:
    """The desk of an admitted cooperative."""
    supplier = await make.supplier(db)
    await db.commit()
    return Desk(client, app, as_caller(kind="supplier", organisation_id=supplier.supplier_id))
