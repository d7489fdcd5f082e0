"""Units and reserved shares at their pages as a browser without JavaScript uses them: entered, bound, filed, reviewed,
locked, and seen by those above."""

import io
import re
from itertools import count
from uuid import uuid4

import xlsxwriter

from shared.clock import business_day, utc_now
from shared.uscc import check_character
from tests.e2e.house import House
from tests.e2e.people import member
from tests.e2e.reader import Reader, Sheet

UNITS, SHARES, PROGRESS = "/work/units", "/work/reserved-shares", "/work/reserved-share-progress"
COUNTY, YEAR = "420525", business_day(utc_now()).year
_numbers = count(uuid4().int % 10**8)


def code(kind: str = "12") -> str:
    first = f"{kind}420525{next(_numbers) % 10**9:09d}"
    return first + check_character(first)


async def office(house: House, language: str = "zh") -> Reader:
    return Reader(house, await member(house, "official", "finance_office", regions=(COUNTY,)), language)


async def people(house: House, *roles: str) -> Reader:
    return Reader(house, await member(house, "institution", *roles))


async def entered(desk: Reader, name: str, **given: str) -> tuple[str, str]:
    """A unit entered at the desk: its page and its code."""
    own = code()
    facts = {"name": name, "kind": "SCHOOL", "uscc": own, "county_code": COUNTY, "parent": ""} | given
    made = await desk.fill(f"{UNITS}/new", f"{UNITS}/new", facts, holding="uscc")
    assert made.notices.get("status") == "已保存。", (made.errors, made.notices)
    return made.url.path, own


async def bound(house: House, desk: Reader, page: str, own: str) -> Reader:
    """Its people, who were handed the code that the desk issued."""
    issued = await desk.fill(page, f"{page}/activation-code")
    code = re.search(r"(?:[2-9A-Y]{4}-){3}[2-9A-Y]{4}", issued.text)
    assert code, issued.text[:600]
    me = await people(house, "admin", "buyer")
    wrong = await me.fill(UNITS, f"{UNITS}/bind", {"uscc": own, "activation_code": "2345"}, holding="uscc")
    assert (wrong.status, wrong.errors["bind-activation_code"][:6]) == (422, "激活码不对：")
    joined = await me.send(wrong, f"{UNITS}/bind", {"uscc": own.lower(), "activation_code": code[0]}, holding="uscc")
    assert joined.notices["status"] == "账号已绑定，单位已激活。"
    return me


def ensure_status(page: Sheet, wanted: str) -> None:
    assert wanted in page.text, page.text[:600]


async def test_a_unit_is_entered_bound_told_how_it_eats_and_moved(house: House):
    desk, tag = await office(house), uuid4().hex[:6]
    bureau, _ = await entered(desk, f"<教育局>{tag}", kind="ORGAN")
    page, own = await entered(desk, f"第一中学{tag}")
    again = await desk.fill(
        f"{UNITS}/new", f"{UNITS}/new", {"name": "重复", "kind": "SCHOOL", "uscc": own, "county_code": COUNTY}
    )
    assert (again.status, again.errors["uscc"]) == (409, "这个代码的单位已经录入，请用代码绑定。")
    wrong = await desk.send(again, f"{UNITS}/new", {"uscc": own[:17] + "?", "parent": ""})
    assert wrong.errors["uscc"] == "统一社会信用代码不对：请核对位数和校验位。"
    me = await bound(house, desk, page, own)
    assert "今年食堂" in (await me.open(UNITS)).text
    said = await me.fill(
        page, f"{page}/canteen", {"mode": "SHARED_MEMBER", "shared_with": f"<教育局>{tag}"}, holding="mode"
    )
    assert said.status == 422
    assert "代填单位" in said.notices["alert"]
    eats = await me.send(said, f"{page}/canteen", {"mode": "OWN", "shared_with": ""}, holding="mode")
    assert eats.notices["status"] == "已保存。"
    ensure_status(eats, "自办食堂")
    nobody = await desk.fill(
        page, f"{page}/change", {"verb": "move", "other": "没有这个单位", "reason": "改隶"}, holding="other"
    )
    assert nobody.notices["alert"] == "找不到这个单位：请填全称或统一社会信用代码。"
    moved = await desk.send(
        nobody, f"{page}/change", {"verb": "move", "other": f"<教育局>{tag}", "reason": "改隶"}, holding="other"
    )
    assert moved.notices["status"] == "已保存。"
    ring = await desk.fill(
        bureau, f"{bureau}/change", {"verb": "move", "other": f"第一中学{tag}", "reason": "x"}, holding="other"
    )
    assert ring.notices["alert"] == "单位不能隶属于自己的下属，也不能并入自己。"
    renamed = await me.fill(page, page, {"name": f"实验中学{tag}"}, holding="union_name")
    assert renamed.notices["status"] == "已保存。"
    history = (await me.open(page)).text
    assert f"第一中学{tag}" in history
    assert "调整隶属" in history
    listed = await desk.open(f"{UNITS}?q={tag}")
    assert "共 2 个单位，其中 1 个已激活。" in listed.text
    assert f"实验中学{tag}" in (await desk.fetch(f"{UNITS}.csv?q={tag}")).text
    english = await desk.open(f"{UNITS}?q={tag}&lang=en")
    assert "2 units, 1 of them activated." in english.text


async def test_a_file_tells_of_each_bad_row(house: House):
    desk = await office(house)
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["单位名称", "统一社会信用代码", "单位性质", "区划代码"])
    sheet.write_row(1, 0, ["示范小学", code(), "学校", COUNTY])
    sheet.write_row(2, 0, ["坏代码小学", "123", "学校", COUNTY])
    book.close()
    told = await desk.fill(f"{UNITS}/import", f"{UNITS}/import", files={"file": ("单位.xlsx", buffer.getvalue())})
    ensure_status(told, "统一社会信用代码不对（格式或校验位）：123。")
    assert "本次录入 1" in told.text
    none = await desk.fill(f"{UNITS}/import", f"{UNITS}/import", files={"file": ("x.xlsx", b"x")})
    assert none.status == 422
    assert (await desk.fetch(f"{UNITS}/template.xlsx")).content[:2] == b"PK"


async def test_who_acts_for_no_unit_is_shown_the_way(house: House):
    me, plain = await people(house, "admin"), await people(house, "buyer")
    for path in (UNITS, SHARES, PROGRESS):
        assert (await me.open(path)).form(f"{UNITS}/bind", holding="uscc")
        assert "请机构管理员" in (await plain.open(path)).text
    unknown = await me.fill(UNITS, f"{UNITS}/bind", {"uscc": code(), "activation_code": "2345"}, holding="uscc")
    assert (unknown.status, "没有这个单位" in unknown.text) == (404, True)
    made = await me.fill(
        UNITS,
        f"{UNITS}/register",
        {"name": "自己登记的单位", "kind": "BANK", "uscc": code("91"), "county_code": COUNTY},
        holding="name",
    )
    assert made.notices["status"] == "已保存。"
    shopper = Reader(house, await member(house, "supplier", "admin"))
    assert (await shopper.open(UNITS)).status == 403


async def test_a_share_is_filed_returned_reviewed_and_locked(house: House):
    desk, tag = await office(house), uuid4().hex[:6]
    bureau, bureau_code = await entered(desk, f"主管局{tag}", kind="ORGAN")
    page, own = await entered(desk, f"示范中学{tag}", parent=f"主管局{tag}")
    lead_admin = await bound(house, desk, bureau, bureau_code)
    me = await bound(house, lead_admin, page, own)
    assert "还没有填报食堂模式" in (await me.open(f"{SHARES}/new?year={YEAR}")).text
    await me.fill(page, f"{page}/canteen", {"mode": "OWN"}, holding="mode")
    figures = {"canteen_total": "1,000,000.01", "ratio": "15", "contact": "陈会计", "phone": "0717-3810000"}
    typo = await me.fill(f"{SHARES}/new?year={YEAR}", f"{SHARES}/new", figures | {"ratio": "一成"}, holding="ratio")
    assert (typo.status, typo.errors["ratio"]) == (422, "请填数字，最多两位小数。")
    draft = await me.send(typo, f"{SHARES}/new", figures, holding="ratio")
    assert draft.notices["status"] == "已保存。"
    share = draft.url.path
    low = await me.send(draft, share, {"verb": "submit"}, holding="ratio")
    assert (low.status, low.errors["ratio"]) == (422, "比例低于本地区规定。 至少 20%。")
    sent = await me.send(low, share, {"verb": "submit", "ratio": "20"}, holding="ratio")
    assert sent.notices["status"] == "已提交，等待审核。"
    ensure_status(sent, "¥200,000.01")
    assert (await desk.open(share)).forms[-1].action != f"{share}/decision", "it is the lead unit's turn"
    for verb in ("review", "return"):
        page_ = await lead_admin.open(share)
        done = await lead_admin.send(
            page_, f"{share}/decision", {"verb": verb, "reason": "请核对总额"}, holding="reason"
        )
        assert done.notices["status"] == "已办理。", done.notices
    returned = await me.open(share)
    assert "退回理由：请核对总额" in returned.text.replace(" ", "")
    await me.send(returned, share, {"verb": "submit"}, holding="ratio")
    for verb in ("review", "approve"):
        await lead_admin.send(await lead_admin.open(share), f"{share}/decision", {"verb": verb}, holding="reason")
    for verb in ("confirm", "lock"):
        done = await desk.send(await desk.open(share), f"{share}/decision", {"verb": verb}, holding="reason")
    ensure_status(done, "已锁定")
    bare = await me.send(await me.open(share), f"{share}/decision", {"verb": "correct"}, holding="reason")
    assert (bare.status, "理由" in bare.errors["decision"]) == (422, True)
    corrected = await me.send(bare, f"{share}/decision", {"verb": "correct", "reason": "人数增加"}, holding="reason")
    ensure_status(corrected, "第 2 版")
    top = await desk.open(f"{PROGRESS}?q={tag}")
    assert [each for each in top.rows if f"主管局{tag}" in each and "¥200,000.01" in each]
    drill = next(each for each in top.links if "unit_id=" in each and each.startswith(PROGRESS))
    below = await desk.open(drill)
    assert [each for each in below.rows if f"示范中学{tag}" in each]
    for path in (f"{PROGRESS}.csv?year={YEAR}", f"{PROGRESS}.xlsx", f"{PROGRESS}/bulletin.xlsx", f"{SHARES}.csv"):
        assert (await desk.fetch(path)).status_code == 200
    assert f"示范中学{tag}" in (await desk.open(f"{SHARES}?q={tag}&status=LOCKED")).text
    assert "按区划" in (await lead_admin.open(f"{PROGRESS}/bulletin")).text
    assert f"主管局{tag}" in (await desk.open(f"{SHARES}/overdue?year={YEAR - 1}")).text


async def test_a_person_joins_and_leaves_its_unit(house: House):
    desk, tag = await office(house), uuid4().hex[:6]
    await entered(desk, f"示范医院{tag}")
    me = Reader(house, await member(house, "institution", "buyer"))
    found = await me.open(f"/account/unit?q={tag}")
    joined = await me.send(found, "/account/unit", {"verb": "join"}, holding="unit_id")
    assert joined.notices["status"] == "已加入。从现在起的个人采购计入这个单位。"
    ensure_status(joined, f"示范医院{tag}")
    left = await me.send(joined, "/account/unit", {"verb": "leave"}, holding="csrf_token")
    assert left.notices["status"] == "已退出。以前计入的不变。"
