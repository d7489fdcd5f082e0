"""From a paid order to the village: delivered, settled, shared under the contracts, and shown to the village team."""

from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx2

from shared.clock import business_day, utc_now
from tests.e2e.house import House
from tests.e2e.market import FANGXIAN, Headers, Market, Pack
from tests.e2e.people import member

VILLAGE = {"county_code": FANGXIAN, "township": "红塔镇", "village": "大山村"}
HOUSEHOLDS = {"102": 1, "117": 1, "140": 2}
"""The households' numbers in the village's list, and their weights in the contract."""


class Cells(HTMLParser):
    """The texts of a page's tables, row by row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._depth = 0
        self.feed(page)

    def handle_starttag(self, tag: str, _: object) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"} and self.rows:
            self.rows[-1].append("")
            self._depth = 1

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._depth = 0

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())


def office(market: Market, *roles: str, region: str = FANGXIAN) -> Headers:
    return market.as_caller(kind="official", roles=roles, regions=(region,))


async def confirmed(market: Market, own: Headers, noun: str, facts: dict[str, Any]) -> str:
    """Entered and handed in by the supplier, confirmed by the county's assistance office; its id."""
    made = await market.must("catalog", "POST", f"/v1/{noun}", own, body={**VILLAGE, **facts})
    [made_id] = [made[name] for name in ("linkage_id", "contract_id") if name in made]
    path = f"/v1/{noun}/{made_id}"
    handed_in = await market.must("catalog", "POST", f"{path}/submit", own)
    seen = office(market, "assistance") | {"if-match": f'"{handed_in["revision"]}"'}
    assert (await market.must("catalog", "POST", f"{path}/confirm", seen))["status"] == "CONFIRMED"
    return str(made_id)


async def linked(market: Market, own: Headers, honey: Pack) -> tuple[str, str]:
    """Three households linked, who get 5 % of every sale by weight; and of the honey's net proceeds (40 % of the
    price) the village's collective gets 10 %. The two contracts."""
    since = f"{business_day(utc_now()).year}-01-01"
    people = [{"number": number, "person_count": 3} for number in HOUSEHOLDS]
    await confirmed(market, own, "linkages", {"way": "purchase", "from_on": since, "households": people})
    weighed = [{"number": number, "weight": weight} for number, weight in HOUSEHOLDS.items()]
    every_sale = {"basis": "line_payable", "share_bp": 500, "from_on": since, "households": weighed}
    honey_only = {"basis": "net_proceeds", "share_bp": 1000, "deduction_bp": 6000, "product_id": honey.product_id}
    return (
        await confirmed(market, own, "profit-contracts", every_sale),
        await confirmed(market, own, "profit-contracts", {**honey_only, "from_on": since, "households": []}),
    )


async def delivered(house: House, market: Market, buyer: Headers, order: dict[str, Any]) -> datetime:
    """Each supplier's part sent, and signed for by a carrier's push that comes twice; when it was signed for."""
    now = utc_now().replace(microsecond=0)
    signed_at = now - timedelta(minutes=1)
    carrier = await market.carrier()
    for shipment in await market.shipments(buyer, order):
        waybill_number = await market.dispatch(carrier, shipment)
        await house.drain()
        steps = [("PICKED_UP", now - timedelta(hours=9)), ("DELIVERED", signed_at)]
        await market.track(carrier, waybill_number, *steps)
        await market.track(carrier, waybill_number, steps[-1])
        await house.drain()
    return signed_at


async def test_a_delivered_order_gives_the_linked_households_their_share_and_the_village_sees_it(
    house: House, market: Market
):
    supplier = await market.supplier()
    own = market.of_supplier(supplier)
    mushrooms = await market.pack(supplier, price_fen=3980)
    honey = await market.pack(supplier, price_fen=1235, title="大山土蜂蜜", category="honey", picture="honey")
    elsewhere = await market.pack(await market.supplier(), price_fen=9900)
    every_sale, honey_only = await linked(market, own, honey)
    buyer = market.as_caller()
    order = await market.buy(buyer, (mushrooms, 3), (honey, 1), (elsewhere, 1))
    await house.drain()

    statement = f"/v1/profit-statements?{urlencode({'county': FANGXIAN, 'village': VILLAGE['village']})}"
    team = office(market, "township")
    mine = {"supplier_id": supplier}
    assert (await market.must("catalog", "GET", f"{statement}&{urlencode(mine)}", team))["items"] == []
    await delivered(house, market, buyer, order)
    done = await market.must("orders", "GET", f"/v1/orders/{order['order_id']}", buyer)
    assert done["status"] == "COMPLETED"

    # 3 × 39.80 = 119.40: 5 % are 5.97, by weights 1, 1, 2: 1.49, 1.49, 2.99 (the odd fen to the largest remainder).
    # 12.35: 5 % are 0.6175, so 0.61 rounded down: 0.15, 0.15, 0.31.
    # Net proceeds of 12.35 are 12.35 − 7.41 = 4.94: 10 % are 0.494, so 0.49.
    # The other supplier's 99.00 give nothing here: it has no contract.
    lines = {}
    for contract_id in (every_sale, honey_only):
        told = await market.must("catalog", "GET", f"/v1/profit-contracts/{contract_id}/shares", own)
        lines[contract_id] = sorted((each["payable_fen"], each["share_fen"]) for each in told["items"])
    assert lines == {every_sale: [(1235, 61), (11940, 597)], honey_only: [(1235, 49)]}
    seen = (await market.must("catalog", "GET", f"{statement}&{urlencode(mine)}", team))["items"]
    assert sorted((each["amount_fen"], each["paid_fen"], each["order_count"]) for each in seen) == [
        (49, 0, 1), (149 + 15, 0, 1), (149 + 15, 0, 1), (299 + 31, 0, 1),
    ]  # fmt: skip
    assert [each["amount_fen"] for each in seen if each["household_key"] == ""] == [49]
    for number, fen in (("102", 164), ("117", 164), ("140", 330)):
        asked = {**VILLAGE, "number": number}
        found = await market.must("catalog", "POST", "/v1/household-lookups", team, body=asked)
        assert [each["amount_fen"] for each in found["items"] if each["supplier_id"] == supplier] == [fen]
    neighbours = office(market, "township", region="420381")
    assert (await market.must("catalog", "GET", statement, neighbours))["items"] == []


async def test_the_village_team_reads_the_share_on_its_page(house: House, market: Market):
    supplier = await market.supplier()
    own = market.of_supplier(supplier)
    honey = await market.pack(supplier, price_fen=20_000, title="大山土蜂蜜", category="honey", picture="honey")
    since = f"{business_day(utc_now()).year}-01-01"
    people = [{"number": number, "weight": 1} for number in ("7", "8")]
    place = {"village": f"大山{supplier[-4:]}村"}
    terms = {"basis": "line_payable", "share_bp": 1001, "from_on": since, "households": people}
    await confirmed(market, own, "profit-contracts", {**terms, **place})
    linked_people = [{"number": number, "person_count": 2} for number in ("7", "8")]
    way = {"way": "purchase", "from_on": since, "households": linked_people}
    await confirmed(market, own, "linkages", {**way, **place})
    buyer = market.as_caller()
    order = await market.buy(buyer, (honey, 1))
    await house.drain()
    signed_at = await delivered(house, market, buyer, order)

    # 200.00: 10.01 % are 20.02, so 10.01 for each of the two.
    team = await member(house, "official", "township", regions=(FANGXIAN,))
    where = "/".join([FANGXIAN, VILLAGE["township"], place["village"]])
    async with httpx2.AsyncClient(base_url=house["gateway"].url, timeout=30) as browser:
        page = await browser.get(f"/work/villages?{urlencode({'place': where})}", headers=team.headers)
    assert page.status_code == 200, page.text
    rows = Cells(page.text).rows
    month = f"{business_day(signed_at):%Y-%m}"
    got = [(row[0], row[-2], row[-1]) for row in rows if f"{VILLAGE['township']} {place['village']}" in row]
    assert got == [(month, "10.01", "0.00")] * 2
    assert [row[2] for row in rows if row[1:2] == ["收购"]] == ["2"]
