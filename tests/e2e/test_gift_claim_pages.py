"""A holiday gift claimed with a code and no account, as a phone without JavaScript does it; its organiser's desk."""

import re
from datetime import timedelta
from uuid import uuid4

from httpx2 import AsyncClient, Response
from sqlalchemy import text

from orders.gift_claim import actions as claim_actions
from orders.gift_parcel import closing
from orders.order.rules import Address
from orders.unit.models import BudgetUnit
from orders.unit_order import actions as unit_order_actions
from services.orders.tests.claim_factories import Handed, code_id_of, open_now
from shared.auth import Caller
from shared.clock import utc_now
from tests.e2e.house import House
from tests.e2e.market import Market
from tests.e2e.people import Person, member
from tests.e2e.reader import Reader

OWN = {"sec-fetch-site": "same-origin", "accept": "text/html"}
HOME = {
    "way": "HOME",
    "recipient": "<王>小梅",
    "phone": "13800001234",
    "province": "130000",
    "city": "130600",
    "county": "130624",
    "detail": "早花村1号",
}

UNSERVED = """
    INSERT INTO delivery_tariffs (supplier_id, region_prefix, is_served, first_g, first_fen, step_g, step_fen)
    SELECT DISTINCT supplier_id, '54', false, 0, 0, 1, 0 FROM gift_package_lines WHERE package_id = :package_id
"""


async def opened(house: House, **given: object) -> Handed:
    """A campaign whose claims are open now."""
    async with house["orders"].database.begin() as db:
        return await open_now(db, **given)


async def organiser(house: House, handed: Handed) -> tuple[Reader, Person]:
    """Somebody of the union, signed in for the campaign's unit."""
    person = await member(house, "institution", "union")
    async with house["orders"].database.begin() as db:
        own = await db.get(BudgetUnit, handed.union.unit_id)
        assert own is not None
        own.organisation_id = person.organisation_id
    return Reader(house, person), person


async def send(phone: AsyncClient, page: Response, path: str, /, **fields: str) -> Response:
    """A form of the page; where it leads in the end."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    answer = await phone.post(path, data={"csrf_token": token[1], **fields}, headers=OWN)
    return await phone.get(answer.headers["location"], headers=OWN) if answer.status_code == 303 else answer


def words(page: Response) -> str:
    """What a reader sees."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


async def test_a_member_chooses_confirms_changes_and_follows_its_gift(house: House):
    handed = await opened(house)
    code, (first, second) = handed.codes["M00001"], handed.packages
    async with AsyncClient(base_url=house["gateway"].url, timeout=60) as phone:
        empty = await phone.get("/claim", headers=OWN)
        wrong = await send(phone, empty, "/claim/open", code=code[:-1] + ("2" if code[-1] != "2" else "3"))
        assert wrong.status_code == 422
        assert "两位换了位置" in words(wrong)
        shown = await send(phone, empty, "/claim/open", code=f" {code[:8].lower()}-{code[8:]}")
        assert shown.status_code == 200
        for each in ("套餐1", "套餐2", "房县香菇", "湖北", "其中 100%", "示范第一中学工会委员会"):
            assert each in words(shown), each
        assert "会员1" not in shown.text
        form = {"code": code, "revision": "0"}
        missing = await send(phone, shown, "/claim", **form, **{**HOME, "detail": ""}, package=str(first), do="check")
        assert missing.status_code == 422
        assert "&lt;王&gt;小梅" in missing.text
        far = {**HOME, "province": "540000", "city": "540100", "county": "540102"}
        async with house["orders"].database.begin() as db:
            await db.execute(text(UNSERVED), {"package_id": first})
        refused = await send(phone, shown, "/claim", **form, **far, package=str(first), do="claim")
        assert refused.status_code == 409
        assert "房县香菇、房县香菇送不到这里" in words(refused)
        assert "早花村1号" in refused.text
        check = await send(phone, shown, "/claim", **form, **HOME, package=str(first), do="check")
        assert "请核对" in words(check)
        assert "早花村1号" in words(check)
        done = await send(phone, check, "/claim", **form, **HOME, package=str(first), do="claim")
        assert "已登记您的选择" in words(done)
        assert "138****1234" in words(done)
        assert "早花村1号" not in done.text
        stale = await send(phone, check, "/claim", **form, **HOME, package=str(second), do="claim")
        assert stale.status_code == 412
        changed = await send(phone, done, "/claim", code=code, revision="1", **HOME, package=str(second), do="claim")
        assert "套餐2" in words(changed).split("改选")[0]
        assert (await phone.get(f"/claim?code={code}&lang=en", headers=OWN)).status_code == 200
        async with house["orders"].database.begin() as db:
            await db.execute(
                text("UPDATE gift_campaigns SET claim_until_at = :now WHERE campaign_id = :id"),
                {"now": utc_now() - timedelta(seconds=1), "id": handed.campaign.campaign_id},
            )
        async with house["orders"].database.begin() as db:
            await closing.close_campaign(
                db,
                campaign_id=handed.campaign.campaign_id,
                lot_address=Address("李工会", "0717-5555555", "420525", "示范路1号"),
                caller=handed.organiser,
                now=utc_now(),
            )
        later = words(await phone.get(f"/claim?code={code}&lang=zh", headers=OWN))
        assert "待确认" in later
        assert "确认领取" not in later


async def forget_attempts(house: House) -> None:
    """All these tests come from one address."""
    async with house["orders"].database.begin() as db:
        await db.execute(text("DELETE FROM claim_attempts"))


async def test_who_guesses_is_made_to_wait_by_address(house: House):
    await forget_attempts(house)
    async with AsyncClient(base_url=house["gateway"].url, timeout=60) as phone:
        page = await phone.get("/claim", headers=OWN)
        answers = [await send(phone, page, "/claim/open", code="2" * 16) for _ in range(11)]
        assert [each.status_code for each in answers] == [404] * 10 + [429]
        assert "过几分钟再试" in words(answers[-1])
    await forget_attempts(house)


async def test_a_form_of_another_site_claims_nothing(house: House):
    async with AsyncClient(base_url=house["gateway"].url, timeout=60) as phone:
        answer = await phone.post("/claim", data={"code": "x", "do": "claim"}, headers={"accept": "text/html"})
        assert answer.status_code == 403


async def test_an_organiser_gives_out_codes_closes_and_hands_out(house: House):
    handed = await opened(house, members=4)
    desk, _ = await organiser(house, handed)
    path = f"/work/gift-campaigns/{handed.campaign.campaign_id}/claims"
    page = await desk.open(path)
    assert page.status == 200, page.text[:600]
    assert "0.0 %" in page.text
    assert any("会员2" in row and "未领取" in row for row in page.rows)
    slips = await desk.send(page, path.replace("/claims", "/codes"), {"verb": "reissue", "shape": "slips"})
    codes = re.findall(r"[2-9A-Y]{4}(?:-[2-9A-Y]{4}){3}", slips.text)
    assert len(set(codes)) == 4
    assert slips.raw.count("<svg") >= 4
    reminders = await desk.fetch(f"{path.removesuffix('/claims')}/reminders.csv")
    assert reminders.content.decode("utf-8-sig").count("语文组") == 4
    early = await desk.send(
        page,
        path.replace("/claims", "/close"),
        {"recipient": "李工会", "phone": "0717-5555555", "county_code": "420525", "detail": "示范路1号"},
    )
    assert early.status == 409
    assert early.form(path.replace("/claims", "/close")).values["detail"] == ["示范路1号"]
    async with house["orders"].database.begin() as db:
        await db.execute(
            text("UPDATE gift_campaigns SET claim_until_at = :now WHERE campaign_id = :id"),
            {"now": utc_now() - timedelta(seconds=1), "id": handed.campaign.campaign_id},
        )
    closed = await desk.send(early, path.replace("/claims", "/close"))
    assert closed.notices["status"] == "已截止并下单，供应商确认后开始发货。", closed.notices
    assert "示范第一中学工会委员会" in closed.text
    signed = await desk.send(
        closed,
        path.replace("/claims", "/sign-off"),
        {"department": "语文组", "signed_by": "王同事", "proxy_relation": "同组"},
        holding="signed_by",
    )
    assert signed.notices["status"] == "已登记签收。"
    assert sum("王同事" in row for row in signed.rows) == 4
    sheet = (await desk.fetch(f"{path.removesuffix('/claims')}/sign-off.csv")).content.decode("utf-8-sig")
    assert sheet.count("王同事") == 4


async def test_a_supplier_will_not_send_and_other_goods_take_their_place(house: House, market: Market):
    handed = await opened(house, members=2, mode="MIXED")
    path = f"/work/gift-campaigns/{handed.campaign.campaign_id}"
    async with house["orders"].database.begin() as db:
        for code in handed.codes.values():
            code_id = await code_id_of(db, code, now=utc_now())
            await claim_actions.claim_gift(
                db, code_id=code_id, choice=handed.choice(), expected_revision=0, now=utc_now()
            )
        await closing.close_campaign(
            db, campaign_id=handed.campaign.campaign_id, lot_address=None, caller=handed.organiser, now=utc_now()
        )
    desk, _ = await organiser(house, handed)
    assert "没有要处理的" in (await desk.open(f"{path}/gaps")).text
    async with house["orders"].database.begin() as db:
        order_id, supplier_id = (
            await db.execute(
                text("""
                    SELECT order_id, supplier_id FROM gift_parcels WHERE campaign_id = :id ORDER BY parcel_id LIMIT 1
                """),
                {"id": handed.campaign.campaign_id},
            )
        ).one()
        supplier = Caller(uuid4(), supplier_id, "supplier", frozenset({"admin"}))
        await unit_order_actions.refuse_order(db, order_id=order_id, reason="歉收", caller=supplier, now=utc_now())
    assert "有会员的商品供应商不发货" in (await desk.open(path)).text
    pack = await market.pack(await market.supplier(), price_fen=10_000)
    await house.drain("orders")
    await desk.fill(f"/products/{pack.product_id}", "/cart/lines", {"sku_id": str(pack.sku_id), "quantity": "1"})
    gaps = await desk.open(f"{path}/gaps")
    assert "2 名会员" in gaps.text
    form, field = f"{path}/gaps/{handed.packages[0]}", f"q_{handed.packages[0]}_{pack.sku_id}"
    empty = await desk.send(gaps, form, {"verb": "replace"})
    assert (empty.status, empty.notices["alert"]) == (422, "请填写每人件数。")
    over = await desk.send(gaps, form, {"verb": "replace", field: "2"})
    assert (over.status, over.notices["alert"]) == (422, "有套餐超过人均标准。")
    assert over.form(form).values[field] == ["2"]
    done = await desk.send(over, form, {"verb": "replace", field: "1"})
    assert done.notices["status"] == "已换商品并下单。", done.notices
    assert "没有要处理的" in done.text
    again = await desk.send(gaps, form, {"verb": "release"})
    assert (again.status, again.notices["alert"]) == (404, "这个套餐没有等着处理的会员，可能已经处理过了。")


async def test_another_unit_sees_nothing_of_it(house: House):
    handed = await opened(house)
    stranger = Reader(house, await member(house, "institution", "union"))
    page = await stranger.open(f"/work/gift-campaigns/{handed.campaign.campaign_id}/claims")
    assert page.status == 404
