"""Imports at their page: a file refused, checked with its bad rows, written without them; and the demo's own."""

from uuid import UUID, uuid4

from catalog.importer.working import Workplace, work_on
from deploy.demo.desks import load_desks
from deploy.demo.tables import demo_id
from shared.clock import business_day, utc_now
from tests.e2e import desks
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN
from tests.e2e.reader import Reader

TODAY = business_day(utc_now())


def a_file(*rows: tuple[str, str]) -> bytes:
    """A file of the supply register: products with their prices."""
    head = "县,乡镇,村,品名,类别,年度,种养规模,年产量（吨）,上市季节,市场价格区间（元/斤）"
    lines = [
        f"{FANGXIAN},门古寺镇,项家河村,{product},菌菇山珍,{TODAY.year},500亩,60,3-5月,{price}"
        for product, price in rows
    ]
    return "\r\n".join([head, *lines]).encode("utf-8-sig")


async def import_all(house: House, batch_id: str) -> None:
    """What the catalog's job does with an import that waits for it."""
    state = house["catalog"].app.state
    assert await work_on(Workplace(state.database, state.files, state.settings, uuid4(), utc_now), UUID(batch_id))


async def test_a_file_is_refused_then_checked_with_its_bad_rows_and_written_without_them(house: House):
    desk = await desks.office(house, "agriculture")
    path = "/work/imports"
    refused = await desk.fill(path, path, {"kind": "supply"}, files={"file": ("a.exe", b"MZ\x00\x01")})
    assert refused.status in (415, 422)
    assert refused.notices["alert"]
    assert refused.form(path, holding="kind").values["kind"] == ["supply"]
    english = await Reader(house, desk.person, "en").fill(
        path, path, {"kind": "supply"}, files={"file": ("a.exe", b"MZ\x00\x01")}
    )
    assert english.notices["alert"].isascii()
    assert "品名" in (await desk.fetch(f"{path}/templates/supply.csv")).content.decode("utf-8-sig")
    content = a_file((f"天麻{uuid4().hex[:6]}", "35-48"), ("核桃", "面议"))
    sent = await desk.fill(path, path, {"kind": "supply"}, files={"file": ("房县供给.csv", content)})
    assert sent.status == 200
    await import_all(house, sent.url.path[-36:])
    checked = await desk.open(sent.url.path)
    assert "面议" in checked.text, checked.text
    decision = f"{sent.url.path}/decision"
    whole = await desk.send(checked, decision, {"verb": "abort"})
    assert (whole.status, bool(whole.notices["alert"])) == (409, True)
    await desk.send(checked, decision, {"verb": "skip", "key": str(uuid4())})
    await import_all(house, sent.url.path[-36:])
    assert "已写入" in (await desk.open(sent.url.path)).text
    assert "天麻" in (await desk.open("/work/registers/supply?status=")).text
    elsewhere = await desks.office(house, "agriculture", region="430726")
    assert (await elsewhere.open(sent.url.path)).status == 404


async def test_the_demos_desks_hold_something_and_loading_twice_changes_nothing(house: House):
    room, desk = house["catalog"], await desks.operator(house)
    environment = {
        "CATALOG_FILES_URL": room.app.state.settings.files_url,
        "CATALOG_DATABASE_URL": str(room.app.state.settings.database_url),
        "CATALOG_HOUSEHOLD_SECRET": "a key that hides nobody but a test's households",
        "CATALOG_EVENTS_TOKEN": "no feed is read here",
        "CATALOG_FEEDS": '{"orders": "http://127.0.0.1:9"}',
    }
    counts = []
    for _ in range(2):
        await load_desks(room.database, environment, now=utc_now(), advance=lambda _: None)
        counts.append(
            await room.rows("""
                SELECT (SELECT count(*) FROM demand_notes) AS notes, (SELECT count(*) FROM credit_share_lines) AS lines,
                       (SELECT count(*) FROM import_batches) AS imports, (SELECT count(*) FROM supply_entries) AS all_in
            """)
        )
    assert counts[0] == counts[1]
    listed = await desk.open("/work/imports")
    assert any("房县供给侧产品库.csv" in row and "已写入" in row for row in listed.rows)
    assert any("（补报）" in row and "待写入" in row for row in listed.rows)
    to_correct = f"/work/imports/{demo_id('import', 'to-correct')}"
    assert to_correct in listed.links
    assert "面议" in (await desk.open(to_correct)).text
    assert "示范市第一中学" in (await desk.open(f"/work/demand?region={FANGXIAN}")).text
