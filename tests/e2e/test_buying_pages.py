"""Buying for a unit at its pages, as a browser without JavaScript uses them: granted, put into a purchase, submitted,
approved, ordered; a union's papers; delegations and tiers; what others see."""

from uuid import uuid4

from orders.unit.models import BudgetUnit
from shared.clock import utc_now
from tests.e2e.desks import PDF
from tests.e2e.house import House
from tests.e2e.market import Market, Pack
from tests.e2e.people import member, member_at
from tests.e2e.reader import Reader, Sheet

COUNTY = "420525"
TO = {"recipient": "王师傅", "phone": "13800000000", "county_code": COUNTY, "detail": "鸣凤镇1号食堂"}


class School:
    """A school with a handler, an approver and a finance officer."""

    def __init__(self, house: House, handler: Reader, approver: Reader, finance: Reader) -> None:
        self.house, self.handler, self.approver, self.finance = house, handler, approver, finance

    @classmethod
    async def open(cls, house: House) -> "School":
        handler = await member(house, "institution", "buyer", "union")
        organisation_id, gateway = handler.organisation_id, house["gateway"]
        people = [
            await member_at(gateway.url, gateway.database, "institution", role, organisation_id=organisation_id)
            for role in ("approver", "finance")
        ]
        code = uuid4().hex[:16].upper()
        async with house["orders"].database.begin() as db:
            db.add(
                BudgetUnit(
                    unit_id=uuid4(),
                    organisation_id=organisation_id,
                    status="ACTIVE",
                    kind="SCHOOL",
                    name=f"示范<中学>{code[:4]}",
                    uscc=f"12{code}",
                    county_code=COUNTY,
                    has_union=True,
                    has_union_funds=True,
                    created_at=utc_now(),
                    changed_at=utc_now(),
                )
            )
        return cls(house, *(Reader(house, person) for person in (handler, *people)))

    async def grant(self, yuan: str, fund: str = "CANTEEN") -> Sheet:
        wanted = {"fund": fund, "sum": yuan, "reason": "年初"}
        return await self.finance.fill("/work/budgets", "/work/budgets", wanted, holding="sum")

    async def put(self, pack: Pack, quantity: int) -> Sheet:
        page = await self.handler.open(f"/products/{pack.product_id}")
        assert "加入采购单" in page.text
        values = {"sku_id": pack.sku_id, "quantity": str(quantity)}
        form = page.form("/cart/lines")
        form.action = "/work/purchases/lines"  # what the second button of the form sends it to
        return await self.handler.send(page, "/work/purchases/lines", values)

    async def decide(self, page: Sheet, verb: str) -> Sheet:
        return await self.handler.send(page, f"{page.url.path}/decision", {"verb": verb})


async def shelf(house: House, market: Market) -> Pack:
    pack = await market.pack(await market.supplier())
    await house.drain("orders")
    return pack


async def test_a_school_buys_from_the_shelf(house: House, market: Market):
    school, pack = await School.open(house), await shelf(house, market)
    await market.ensure_books_agree()
    granted = await school.grant("1,000.00")
    assert granted.notices["status"] == "已下达。"
    page = await school.put(pack, 2)
    assert page.notices["status"] == "已加入采购单。"
    again = await school.put(pack, 1)
    assert again.url.path == page.url.path
    early = await school.decide(again, "submit")
    assert (early.status, early.notices["alert"]) == (409, "请先填写收货地址。")
    saved = await school.handler.send(early, page.url.path, TO | {"title": "<十二月>干货"})
    assert (saved.notices["status"], "¥1,000.00" in saved.text) == ("已保存。", True), saved.errors
    sent = await school.decide(saved, "submit")
    assert sent.notices["status"] == "已提交审批，预算已占用。", sent.notices
    assert "没有等您审批的" in (await school.handler.open("/work/approvals")).text
    waiting = await school.approver.open("/work/approvals")
    assert "<十二月>干货" in waiting.rows[1]
    case = next(link for link in waiting.links if link.startswith("/work/approvals/"))
    own = await school.handler.open(case)
    assert "不能审批自己起草" in own.text
    asked = await school.approver.open(case)
    silent = await school.approver.send(asked, f"{case}/decision", {"verb": "refuse", "reason": ""})
    assert (silent.status, silent.errors["decision"]) == (422, "请写明理由。")
    decided = await school.approver.send(asked, f"{case}/decision", {"verb": "approve", "reason": "同意"})
    assert decided.notices["status"] == "已记录。"
    approved = await school.handler.open(page.url.path)
    ordered = await school.decide(approved, "order")
    assert ordered.notices["status"] == "已下单，等供应商确认。", ordered.notices
    assert [link for link in ordered.links if link.startswith("/work/unit-orders/")]
    statement = await school.finance.open(granted.url.path)
    assert ("占用" in statement.text, "<十二月>干货" in statement.text) == (True, True)
    for path in ("/work/purchases.csv", "/work/approvals.csv?view=all", "/work/budgets.csv"):
        assert (await school.handler.fetch(path)).status_code == 200
    file = await school.finance.fetch(f"{granted.url.path}/entries.csv")
    assert "<十二月>干货" in file.text
    office = Reader(house, await member(house, "official", "finance_office", regions=(COUNTY,)))
    assert granted.url.path in (await office.open("/work/budgets")).links
    assert (await office.open(page.url.path)).status == 200
    english = Reader(house, school.handler.person, "en")
    assert "Ordered" in (await english.open(page.url.path)).text


async def test_a_changed_basket_is_told_to_be_void_and_a_changed_price_is_named(house: House, market: Market):
    school, pack = await School.open(house), await shelf(house, market)
    await school.grant("1000")
    page = await school.put(pack, 1)
    saved = await school.handler.send(page, page.url.path, TO)
    sent = await school.decide(saved, "submit")
    more = await school.handler.send(sent, page.url.path, {f"quantity-{pack.sku_id}": "2"})
    assert more.notices["status"].startswith("内容有变")
    async with house["orders"].database.begin() as db:
        await db.execute(
            BudgetUnit.metadata.tables["sellable_skus"]
            .update()
            .where(BudgetUnit.metadata.tables["sellable_skus"].c.sku_id == pack.sku_id)
            .values(price_fen=12_300)
        )
    refused = await school.decide(more, "submit")
    assert (refused.status, "¥123.00" in refused.text) == (409, True)
    wrong = await school.handler.send(refused, page.url.path, {f"quantity-{pack.sku_id}": "many", "title": "另一个"})
    assert (wrong.status, "另一个" in wrong.raw, 'value="many"' in wrong.raw) == (422, True, True)


async def test_a_union_shows_its_papers(house: House, market: Market):
    school, pack = await School.open(house), await shelf(house, market)
    await school.grant("1000", "UNION")
    page = await school.put(pack, 1)
    saved = await school.handler.send(page, page.url.path, TO | {"fund": "UNION"})
    assert "还缺：会议纪要 1 份" in saved.text
    refused = await school.decide(saved, "submit")
    assert (refused.status, refused.notices["alert"]) == (409, "工会采购的材料还不齐。")
    papers = f"{page.url.path}/papers"
    empty = await school.handler.send(saved, papers, {"kind": "MINUTES"})
    assert empty.status == 422
    added = await school.handler.send(saved, papers, {"kind": "MINUTES"}, files={"file": ("纪要.pdf", PDF)})
    assert (added.notices["status"], "材料齐全" in added.text) == ("材料已放入。", True)
    link = next(each for each in added.links if each.startswith(papers))
    assert (await school.approver.fetch(link)).content == PDF
    removed = await school.handler.send(added, f"{link}/removal")
    assert (removed.notices["status"], "还缺" in removed.text) == ("材料已移除。", True)


async def test_an_approver_delegates_and_an_administrator_writes_tiers(house: House):
    school = await School.open(house)
    path = "/work/approval-delegations"
    form = await school.approver.open(path)
    to = str(school.finance.person.person_id)
    back = await school.approver.send(form, path, {"to_person_id": to, "ends_on": "2020-01-01"})
    assert (back.status, "最多 90 天" in back.text) == (422, True)
    stranger = await school.approver.send(form, path, {"to_person_id": str(uuid4())})
    assert (stranger.status, stranger.notices["alert"]) == (422, "请选择本单位的一位同事。")
    made = await school.approver.send(form, path, {"to_person_id": to, "reason": "出差"})
    assert (made.notices["status"], "生效中" in made.text) == ("已委托。", True)
    revoke = next(each.action for each in made.forms if each.action.endswith("/revoke"))
    ended = await school.approver.send(made, revoke)
    assert ended.notices["status"] == "已收回。"
    assert not [each for each in (await school.handler.open(path)).forms if each.action == path]
    gateway, own = house["gateway"], school.handler.person.organisation_id
    admin = await member_at(gateway.url, gateway.database, "institution", "admin", organisation_id=own)
    chief = Reader(house, admin)
    tiers = await chief.open("/work/approval-tiers")
    assert "默认档次" in tiers.text
    bad = await chief.send(tiers, "/work/approval-tiers", {"name-1": "", "below-0": "x"})
    assert bad.status == 422
    written = await chief.send(tiers, "/work/approval-tiers", {"name-0": "五百元以下", "below-0": "500", "duty1-0": ""})
    assert (written.notices["status"][:5], "不满¥500.00" in written.text) == ("档次已保存", True)
    assert not [each for each in (await school.handler.open("/work/approval-tiers")).forms if "tiers" in each.action]


async def test_who_is_no_unit_is_told_so(house: House):
    nobody = Reader(house, await member(house, "institution", "buyer"))
    for path in ("/work/purchases", "/work/approvals"):
        refused = await nobody.open(path)
        assert (refused.status, "预算单位" in refused.text) == (403, True)
    assert (await nobody.open("/work/budgets")).status == 200
    supplier = Reader(house, await member(house, "supplier", "admin"))
    assert (await supplier.open("/work/purchases")).status == 403
