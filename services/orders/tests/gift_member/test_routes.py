"""Rosters over HTTP: upload, errors, corrections, single members, the public list; and the five thousand of T63."""

import csv
import io
from uuid import uuid4

import xlsxwriter

from services.orders.tests.gift_campaign.test_routes import once, union_of
from services.orders.tests.gift_factories import campaign_at
from services.orders.tests.unit_factories import unit

HEAD = ("会员编号", "姓名", "部门", "手机号", "入会日期", "会籍状态", "领取方式")


def workbook(rows):
    """The bytes of a roster as a union would send it, with a title above the head."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet("名册")
        sheet.write_row(0, 0, ["示范第一中学工会会员名册"])
        sheet.write_row(1, 0, HEAD)
        for number, each in enumerate(rows, start=2):
            sheet.write_row(number, 0, each)
    return content.getvalue()


async def roster_of(db, as_caller, step="PLAN_APPROVED", **given):
    made = await unit(db)
    campaign = await campaign_at(db, step, of=made, **given)
    return f"/v1/gift-campaigns/{campaign.campaign_id}", union_of(made, as_caller), made


async def test_five_thousand_rows_with_thirty_seven_wrong_ones_are_4963_members_once(client, db, as_caller):
    rows = [
        (f"G{number:05d}", f"会员{number}", "车间", "13812345678", "2020-09-01", "在册", "") for number in range(5_000)
    ]
    for place, number in enumerate(range(0, 37 * 100, 100)):
        wrong = list(rows[number])
        wrong[(1, 3, 4, 5, 0)[place % 5]] = ("", "12", "昨天", "神仙", "")[place % 5]
        rows[number] = tuple(wrong)
    path, headers, _ = await roster_of(db, as_caller, planned_count=6_000, budget_fen=120_000_000)
    content = workbook(rows)
    sent = await client.post(f"{path}/roster-files?name=名册.xlsx", content=content, headers=headers)
    assert sent.status_code == 201, sent.text
    file = sent.json()
    assert (file["row_count"], file["taken_count"], file["wrong_count"]) == (5_000, 4_963, 37)
    again = await client.post(f"{path}/roster-files?name=名册.xlsx", content=content, headers=headers)
    assert (again.status_code, again.json()) == (200, file)
    whole = (await client.get(path, headers=headers)).json()["roster"]
    assert whole == {"member_count": 4_966, "eligible_count": 4_966, "whole_lot_count": 0}  # with the factory's three
    corrections = await client.get(f"{path}/roster-files/{file['file_id']}/corrections?format=csv", headers=headers)
    told = list(csv.reader(io.StringIO(corrections.content.decode("utf-8-sig"))))
    assert len(told) == 1 + 37
    assert told[1][7:10] == ["3", "姓名", "缺姓名。"]
    assert told[2][3:4] + told[2][8:10] == ["12", "手机号", "电话“12”不对，应为手机号或带区号的座机。"]


async def test_corrected_rows_are_taken_by_the_next_file(client, db, as_caller):
    path, headers, _ = await roster_of(db, as_caller)
    wrong = await client.post(
        f"{path}/roster-files?name=一.xlsx", content=workbook([("A1", "", "", "", "", "", "")]), headers=headers
    )
    errors = await client.get(f"{path}/roster-files/{wrong.json()['file_id']}/errors", headers=headers)
    assert [(each["row_number"], each["column_key"], each["sentence_en"]) for each in errors.json()["items"]] == [
        (3, "name", "The name is missing.")
    ]
    right = await client.post(
        f"{path}/roster-files?name=二.xlsx", content=workbook([("A1", "张三", "", "", "", "", "")]), headers=headers
    )
    assert (right.json()["taken_count"], right.json()["wrong_count"]) == (1, 0)
    members = await client.get(f"{path}/members?q=张三", headers=headers)
    assert [each["member_no"] for each in members.json()["items"]] == ["A1"]
    files = (await client.get(f"{path}/roster-files", headers=headers)).json()["items"]
    assert [each["name"] for each in files] == ["二.xlsx", "一.xlsx", "名册.xlsx"]


async def test_a_file_that_is_no_roster_is_refused_in_words(client, db, as_caller):
    path, headers, _ = await roster_of(db, as_caller)
    for content, code in (
        (b"", "roster-file-empty"),
        (b"MZ\x00\x01", "roster-file-no-spreadsheet"),
        ("姓名,部门\n张三,办公室\n".encode(), "roster-head-wrong"),
        ("会员编号,姓名\n".encode(), "roster-no-rows"),
    ):
        refused = await client.post(f"{path}/roster-files?name=a", content=content, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
        assert refused.json()["sentence"]


async def test_the_template_is_a_roster_itself(client, db, as_caller):
    path, headers, _ = await roster_of(db, as_caller)
    template = await client.get(f"{path}/roster-template", headers=headers)
    taken = await client.post(f"{path}/roster-files?name=模板.xlsx", content=template.content, headers=headers)
    assert (taken.json()["taken_count"], taken.json()["wrong_count"]) == (1, 0)


async def test_one_member_is_added_and_removed(client, db, as_caller):
    path, headers, _ = await roster_of(db, as_caller, "PUBLICITY")
    asked = {"member_no": "B1", "name": "李四", "phone": "0717-5555555", "reason": "公示期补报"}
    added = await client.post(f"{path}/members", json=asked, headers=once(headers))
    assert (added.status_code, added.json()["phone_masked"]) == (201, "071****5555")
    bad = await client.post(f"{path}/members", json=asked | {"standing": "神仙"}, headers=once(headers))
    assert (bad.status_code, bad.json()["code"]) == (422, "roster-standing-unknown")
    gone = await client.post(
        f"{path}/members/{added.json()['member_id']}/remove", json={"reason": "重复"}, headers=headers
    )
    missing = await client.post(f"{path}/members/{uuid4()}/remove", json={"reason": "重复"}, headers=headers)
    assert (gone.status_code, missing.status_code) == (204, 404)


async def test_everybody_in_the_unit_reads_the_public_list_and_only_checkers_the_roster(client, db, as_caller):
    path, _, made = await roster_of(db, as_caller, "PUBLICITY")
    buyer, auditor = union_of(made, as_caller, "buyer"), union_of(made, as_caller, "auditor")
    public = (await client.get(f"{path}/publicity", headers=buyer)).json()["items"]
    assert public[0] == {"department": "语文组", "name_masked": "会*1", "per_head_fen": 20_000}
    names = [await client.get(f"{path}/members", headers=each) for each in (buyer, auditor)]
    assert [each.status_code for each in names] == [403, 200]
    hung_up = await client.get(f"{path}/publicity/export?format=csv", headers=buyer)
    assert "会员" not in hung_up.text
    assert len(hung_up.text.splitlines()) == 1 + 3


async def test_nothing_is_public_before_it_is_published(client, db, as_caller):
    path, headers, _ = await roster_of(db, as_caller)
    refused = await client.get(f"{path}/publicity", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "not-public-yet")


async def test_the_roster_is_paged_and_exported(client, db, as_caller):
    path, headers, _ = await roster_of(db, as_caller)
    first = (await client.get(f"{path}/members?limit=2", headers=headers)).json()
    rest = (await client.get(f"{path}/members?limit=2&cursor={first['next_cursor']}", headers=headers)).json()
    assert [each["member_no"] for each in first["items"] + rest["items"]] == ["M00001", "M00002", "M00003"]
    assert rest["next_cursor"] is None
    file = await client.get(f"{path}/members/export?format=csv&is_eligible=true", headers=headers)
    assert len(file.text.splitlines()) == 1 + 3
