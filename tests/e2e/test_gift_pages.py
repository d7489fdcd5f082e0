"""A union's holiday gifts at its pages, as a browser without JavaScript uses them: planned, packed, approved, listed,
made public."""

import io
from datetime import timedelta
from uuid import UUID, uuid4

import xlsxwriter

from orders.budget import actions as budget_actions
from orders.gift_campaign import actions, carrying, queries
from orders.unit.models import BudgetUnit
from shared.clock import business_day, utc_now
from shared.ids import new_id
from tests.e2e.house import House
from tests.e2e.market import Market
from tests.e2e.people import member
from tests.e2e.reader import Reader

DESK = "/work/gift-campaigns"
HEAD = ("会员编号", "姓名", "部门", "手机号")


async def union(house: House, *, county_code: str = "420525") -> Reader:
    """Who handles a union's gifts, in a unit with 10,000 yuan of union money."""
    person, code = await member(house, "institution", "union", "buyer"), uuid4().hex[:16].upper()
    async with house["orders"].database.begin() as db:
        made = BudgetUnit(
            unit_id=uuid4(),
            organisation_id=person.organisation_id,
            status="ACTIVE",
            kind="SCHOOL",
            name="示范中学",
            uscc=f"12{code}",
            county_code=county_code,
            has_union=True,
            has_union_funds=True,
            union_name="示范中学工会委员会",
            union_uscc=f"81{code}",
            created_at=utc_now(),
            changed_at=utc_now(),
        )
        db.add(made)
        await db.flush()
        await budget_actions.grant(
            db,
            unit_id=made.unit_id,
            year=business_day(utc_now()).year,
            fund="UNION",
            amount_fen=1_000_000,
            entry_id=new_id(),
            reason="年初预算",
            by=None,
            now=utc_now(),
        )
    return Reader(house, person)


def plan(**given: str | list[str]) -> dict[str, str | list[str]]:
    today = business_day(utc_now())
    standard: dict[str, str | list[str]] = {
        "name": f"<中秋>慰问{uuid4().hex[:4]}",
        "holiday_codes": ["MID_AUTUMN"],
        "year": str(today.year),
        "per_head": "200",
        "planned_count": "10",
        "budget": "2000",
        "roster_cutoff_on": today.isoformat(),
        "publicity_from_on": today.isoformat(),
        "publicity_until_on": (today + timedelta(days=2)).isoformat(),
        "mode": "CLAIM_CODE",
        "claim_from_on": (today + timedelta(days=3)).isoformat(),
        "claim_until_on": (today + timedelta(days=13)).isoformat(),
    }
    return standard | given


def workbook(*rows: tuple[str, ...]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, each in enumerate((HEAD, *rows)):
            sheet.write_row(number, 0, each)
    return content.getvalue()


async def approve(house: House, campaign_id: UUID) -> None:
    """Approval has pages and tests of its own: here its outcome is told to the campaign."""
    async with house["orders"].database.begin() as db:
        campaign = await queries.lock_campaign(db, campaign_id)
        await carrying.settle_approval(
            db,
            subject_id=campaign_id,
            digest=actions.plan_digest(campaign),
            outcome="APPROVED",
            reason="",
            by=uuid4(),
            now=utc_now(),
        )


async def test_a_campaign_from_the_plan_to_the_public_list(house: House, market: Market):
    own = await union(house)
    assert "还没有慰问活动" in (await own.open(DESK)).text
    made = await own.fill(f"{DESK}/new", f"{DESK}/new", plan(), holding="per_head")
    assert made.notices.get("status") == "已保存。", (made.errors, made.notices)
    desk = made.url.path
    assert "<中秋>" in made.text
    pack = await market.pack(await market.supplier(), price_fen=10_000)
    other = await market.pack(await market.supplier(), price_fen=10_000)
    await house.drain("orders")
    assert "购物车是空的" in (await own.open(f"{desk}/packages")).text
    for each in (pack, other):
        await own.fill(f"/products/{each.product_id}", "/cart/lines", {"sku_id": each.sku_id, "quantity": "1"})
    pieces = {f"q1_{each.sku_id}": "1" for each in (pack, other)}
    over = await own.fill(
        f"{desk}/packages", f"{desk}/packages", {"name_1": "山货", f"q1_{pack.sku_id}": "3"}, holding="revision"
    )
    assert (over.status, over.notices["alert"]) == (422, "有套餐超过人均标准。")
    assert over.form(f"{desk}/packages").values[f"q1_{pack.sku_id}"] == ["3"]
    packed = await own.fill(f"{desk}/packages", f"{desk}/packages", {"name_1": "山货礼包", **pieces})
    assert (packed.notices["status"], "山货礼包" in packed.text) == ("已保存。", True)
    paper = await own.send(
        packed, f"{desk}/papers", {"kind": "MINUTES"}, files={"file": ("纪要.pdf", b"%PDF-1.7 x")}, holding="kind"
    )
    assert "会议纪要 纪要.pdf" in paper.text
    sent = await own.send(paper, f"{desk}/move", {"verb": "submit"})
    assert "方案审批中" in sent.text, sent.notices
    await approve(house, UUID(desk.rsplit("/", 1)[1]))
    found = await own.fill(
        f"{desk}/roster",
        f"{desk}/roster",
        files={"file": ("名册.xlsx", workbook(("A1", "王小梅", "语文组", "13812345678"), ("A2", "", "", "")))},
    )
    assert "缺姓名。" in found.text
    assert found.rows[-1].endswith("姓名 缺姓名。")
    corrections = await own.fetch(f"{found.url.path}.xlsx")
    assert corrections.content.startswith(b"PK")
    again = await own.fill(
        f"{desk}/roster", f"{desk}/members", {"member_no": "A2", "name": "李四", "reason": "文件里漏了"}
    )
    assert again.notices["status"] == "已加入名册。"
    assert "138****5678" in again.text
    chosen = await own.fill(desk, f"{desk}/move", {"verb": "choose", "reason": "集体研究"}, holding="reason")
    public = await own.send(chosen, f"{desk}/move", {"verb": "publish"}, holding="reason")
    assert "公示中" in public.text
    shown = await own.open(f"{desk}/publicity")
    assert ("王*梅" in shown.text, "王小梅" in shown.text) == (True, False)
    early = await own.send(public, f"{desk}/move", {"verb": "lock-roster"}, holding="reason")
    assert (early.status, early.notices["alert"]) == (409, "公示还没有结束。")
    listed = await own.open(f"{DESK}?q=慰问&status=PUBLICITY")
    assert len(listed.rows) == 2
    assert (await own.fetch(f"{DESK}.csv")).text.count("公示中") == 1


async def test_a_refused_plan_comes_back_as_it_was_typed(house: House):
    own = await union(house, county_code="340104")
    over = await own.fill(f"{DESK}/new", f"{DESK}/new", plan(per_head="2000.01", budget="30000"), holding="per_head")
    assert (over.status, over.errors["per_head"]) == (422, "超过本地全年上限。")
    typed = over.form(f"{DESK}/new", holding="per_head").values
    assert (typed["per_head"], typed["holiday_codes"]) == (["2000.01"], ["MID_AUTUMN"])
    mistyped = await own.send(over, f"{DESK}/new", {"per_head": "两百"}, holding="per_head")
    assert (mistyped.status, list(mistyped.errors)) == (422, ["per_head"])


async def test_a_plan_is_changed_and_who_began_earlier_is_told(house: House):
    own = await union(house)
    made = await own.fill(f"{DESK}/new", f"{DESK}/new", plan(), holding="per_head")
    form = await own.open(f"{made.url.path}/plan")
    changed = await own.send(form, f"{made.url.path}/plan", {"name": "国庆慰问"}, holding="per_head")
    assert changed.notices["status"] == "已保存。"
    late = await own.send(form, f"{made.url.path}/plan", {"name": "元旦慰问"}, holding="per_head")
    assert (late.status, bool(late.notices["alert"])) == (412, True)
    english = Reader(house, own.person, "en")
    assert "Plan changed" in (await english.open(made.url.path)).text


async def test_strangers_and_other_kinds_see_nothing(house: House):
    own = await union(house)
    made = await own.fill(f"{DESK}/new", f"{DESK}/new", plan(), holding="per_head")
    other = await union(house)
    assert (await other.open(made.url.path)).status == 404
    buyer = Reader(house, await member(house, "supplier", "sales"))
    assert (await buyer.open(DESK)).status == 403
