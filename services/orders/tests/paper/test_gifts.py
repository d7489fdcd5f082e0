"""Papers of holiday gifts: the sign-off sheet and the reimbursement file."""

import io
from uuid import uuid4

import httpx2
from pypdf import PdfReader, PdfWriter
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
    assert len(PdfReader(io.BytesIO(answer.content)).pages) == 5
    rows = await rows_of(client, path, union)
    assert [row[3] for row in rows if row[0] == "询价单"] == [2000.0, 2000.0, 2000.0]
    stranger = as_caller(kind="institution", organisation_id=uuid4(), roles=("union",))
    await ensure_unknown(client, path, "gift-campaign-unknown", stranger, as_caller())


async def test_uploaded_files_are_bound_where_they_belong_and_what_cannot_be_is_told(
    client: httpx2.AsyncClient, db: AsyncSession, as_caller: Headers
):
    handed = await handed_out(db, members=1)
    union = as_person(as_caller, handed.organiser)
    path = f"/v1/gift-campaigns/{handed.campaign.campaign_id}"
    file = io.BytesIO()
    with PdfWriter() as writer:
        writer.add_blank_page(300, 400)
        writer.add_blank_page(300, 400)
        writer.write(file)
    for kind, content in (
        ("PAYMENT", file.getvalue()),
        ("CONTRACT", file.getvalue() + b"\n"),
        ("OTHER", b"%PDF-1.7 x"),
    ):
        sent = await client.post(
            f"{path}/documents",
            params={"kind": kind, "name": f"{kind}.pdf"},
            content=content,
            headers=union | {"content-type": "application/pdf"},
        )
        assert sent.status_code == 201, sent.text
    answer = await client.get(f"{path}/reimbursement", headers=union)
    said = text_of(answer)
    assert "合同：CONTRACT.pdf" in said
    assert "其他：OTHER.pdf文件损坏或无法识别，未并入，请另附原件" in said
    pdf = PdfReader(io.BytesIO(answer.content))
    marks = [each["/Title"] for each in pdf.outline]  # type: ignore[call-overload]
    assert marks == ["目录", "慰问品发放方案", "合同：CONTRACT.pdf", "慰问品发放名册", "付款凭证：PAYMENT.pdf"]
    assert len(pdf.pages) == 1 + 1 + 2 + 1 + 2
