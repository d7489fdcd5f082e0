"""Papers of holiday gifts: the sign-off sheet and the reimbursement file."""

import io
from uuid import uuid4

import httpx2
from pypdf import PdfReader
from sqlalchemy.ext.asyncio import AsyncSession

from services.orders.tests.claim_factories import claim, close, handed_out
from services.orders.tests.paper.reading import Headers, as_person, ensure_unknown, rows_of, text_of


async def test_a_sign_off_sheet_has_a_line_for_each_gift(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    handed = await handed_out(db, members=3)
    await claim(db, handed, "M00001")
    await close(db, handed)
    path = f"/v1/gift-campaigns/{handed.campaign.campaign_id}/sign-off-sheet"
    union = as_person(as_caller, handed.organiser)
    rows = await rows_of(client, path, union)
    lines = [row for row in rows if isinstance(row[0], float)]
    assert [(row[0], row[2], row[4], row[5], row[6]) for row in lines] == [
        (1.0, "会员1", "套餐1", 1.0, "送货到家"),
        (2.0, "会员2", "套餐1", 1.0, "单位领取"),
        (3.0, "会员3", "套餐1", 1.0, "单位领取"),
    ]
    assert [row[5] for row in rows if row[1] == "合计"] == [3.0]
    said = text_of(await client.get(path, headers=union))
    for words in ("慰问品签收表", "中秋慰问", "3/0", "北京市朝阳区"):
        assert words in said
    assert "望京" not in said
    stranger = as_caller(kind="institution", organisation_id=uuid4(), roles=("union",))
    await ensure_unknown(client, path, "gift-campaign-unknown", stranger, as_caller(), as_caller(kind="operator"))


async def test_a_reimbursement_file_holds_plan_roster_sheet_and_money_in_one(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    handed = await handed_out(db, members=3)
    path = f"/v1/gift-campaigns/{handed.campaign.campaign_id}/reimbursement"
    union = as_person(as_caller, handed.organiser)
    before = text_of(await client.get(path, headers=union))
    assert "发票及付款清单" not in before
    await claim(db, handed, "M00001")
    await close(db, handed)
    answer = await client.get(path, headers=union)
    said = text_of(answer)
    for words in (
        "慰问品发放方案",
        "2,000.00元（贰仟元整）",
        "会议纪要",
        "大山合作社",
        "三家比价最低",
        "慰问品发放名册",
        "慰问品签收表",
        "发票及付款清单",
        "已付款合计0.00元（零元整）",
    ):
        assert words in said
    assert len(PdfReader(io.BytesIO(answer.content)).pages) == 4
    rows = await rows_of(client, path, union)
    assert [row[3] for row in rows if row[0] == "询价单"] == [2000.0, 2000.0, 2000.0]
    stranger = as_caller(kind="institution", organisation_id=uuid4(), roles=("union",))
    await ensure_unknown(client, path, "gift-campaign-unknown", stranger, as_caller())
