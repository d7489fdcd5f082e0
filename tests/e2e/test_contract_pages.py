"""Contracts at their pages, over the real services: drafted, approved, signed, called."""

from datetime import timedelta

from shared.clock import business_day, utc_now
from tests.e2e.desks import admit
from tests.e2e.house import House
from tests.e2e.market import Market
from tests.e2e.people import member
from tests.e2e.reader import Reader, Sheet
from tests.e2e.units import Unit, school


async def approve(market: Market, unit: Unit, contract_id: str) -> None:
    """All whom the unit's tier asks say yes."""
    for reader, role in ((unit.approver, "approver"), (unit.financier, "finance")):
        headers = market.as_caller(
            kind="institution",
            organisation_id=reader.person.organisation_id,
            person_id=reader.person.person_id,
            roles=(role,),
        )
        waiting = (await market.must("orders", "GET", "/v1/approvals", headers))["items"]
        for case in waiting:
            if case["subject_id"] == contract_id and case["status"] == "PENDING" and role in case["step_duties"]:
                given = {**headers, "if-match": f'"{case["revision"]}"'}
                await market.must(
                    "orders", "POST", f"/v1/approvals/{case['case_id']}/approve", given, body={"reason": "同意"}
                )


async def test_a_school_agrees_with_a_supplier_and_calls_its_week(house: House, market: Market):
    unit = await school(house, market)
    person = await member(house, "supplier", "admin")
    await admit(house, person)
    seller = Reader(house, person)
    pack = await market.pack(str(person.organisation_id), price_fen=3000, stock=500)
    await house.drain("orders")
    assert "还没有合同" in (await unit.handler.open("/work/contracts")).text
    goods = await unit.handler.open("/work/contracts/new?q=香菇")
    choice = next(each for each in goods.links if f"supplier_id={person.organisation_id}" in each)
    today = business_day(utc_now())
    typed = {
        "title": "食堂香菇供货",
        "valid_from_on": today.isoformat(),
        "valid_until_on": (today + timedelta(days=120)).isoformat(),
        "lead_days": "2",
        "weekdays": ["1", "2", "3", "4", "5"],
        "recipient": "食堂",
        "phone": "13800000000",
        "county_code": "420325",
        "address_detail": "城关镇一号",
        f"price-{pack.sku_id}": "28.50",
        f"most-{pack.sku_id}": "300",
        f"usual-{pack.sku_id}": "12",
    }
    empty = await unit.handler.fill(choice, "/work/contracts/new", typed | {f"most-{pack.sku_id}": ""})
    assert (empty.status, "至少给一个规格" in empty.text) == (422, True)
    drafted = await unit.handler.send(empty, "/work/contracts/new", typed)
    assert (drafted.status, drafted.notices["status"]) == (200, "已保存。")
    path = next(each for each in drafted.links if each.endswith("/edit")).removesuffix("/edit")
    contract_id = path.rpartition("/")[2]
    edited = await unit.handler.fill(f"{path}/edit", f"{path}/edit", {"title": "食堂香菇长期供货"})
    assert "食堂香菇长期供货" in edited.text
    submitted = await unit.handler.send(edited, f"{path}/decision", {"verb": "submit"})
    assert submitted.notices["status"] == "已办理。"
    assert (await seller.open(path)).status == 404
    await approve(market, unit, contract_id)
    offered = await seller.open("/work/contracts?status=OFFERED")
    assert "食堂香菇长期供货" in offered.text
    signed = await seller.fill(path, f"{path}/decision", {"verb": "sign"})
    assert "履行中" in signed.text
    refused = await unit.handler.fill(path, f"{path}/call", {"deliver_on": "2020-01-06"})
    assert (refused.status, refused.errors["deliver_on"]) == (409, "那天合同不在履行期内。")
    assert refused.form(f"{path}/call").values["deliver_on"] == ["2020-01-06"]
    deliveries = await unit.handler.open("/work/call-offs")
    call = next(each for each in deliveries.links if each.startswith("/work/call-offs/"))
    changed = await unit.handler.fill(call, call, pieces_of(await unit.handler.open(call), "15"))
    assert changed.notices["status"] == "已保存。"
    ordered = await unit.handler.send(changed, f"{call}/decision", {"verb": "place"})
    assert (ordered.status, ordered.notices["status"]) == (200, "已办理。")
    found = await unit.handler.fetch("/work/call-offs.csv?status=PLACED")
    assert (found.status_code, "28.5" in found.text, ",15," in found.text) == (200, True, True)
    assert (await unit.handler.fetch("/work/contracts.xlsx")).content.startswith(b"PK")
    again = await unit.handler.open(call)
    assert "已下单" in again.text
    english = Reader(house, unit.handler.person, "en")
    assert "In force" in (await english.open(path)).text


def pieces_of(sheet: Sheet, quantity: str) -> dict[str, str]:
    """The page's quantities, all the same."""
    return {name: quantity for form in sheet.forms for name in form.values if name.startswith("pieces-")}
