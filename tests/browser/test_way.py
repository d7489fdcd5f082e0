"""A cooperative's way through real pages: from sign-up over three desks to a product that is reviewed, found, bought,
carried and counted where it was grown."""

import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from catalog.chinese import syllables
from deploy.demo.accounts import ANALYST, OFFICES, REVIEWER
from tests.browser.carrying import CARRIER, carry
from tests.browser.joining import (
    PDF,
    a_code,
    apply,
    fill_in_registration,
    open_account,
    opened,
    press,
    say_yes,
)
from tests.browser.shopper import Shopper, is_checkout

pytestmark = pytest.mark.browser

OpenWindow = Callable[..., Shopper]
_PLACES = "云岭溪谷松柏梅竹兰荷雪峰清泉石桥柳塘青龙白鹤"
PRICE_FEN = 3980
BOUGHT = 2


@dataclass
class Way:
    """What is told apart from every earlier run by its name."""

    name: str
    title: str
    title_en: str
    email: str = ""
    product: str = ""

    @classmethod
    def fresh(cls) -> "Way":
        """Names that no run before this one had."""
        chance = random.SystemRandom()
        place = "".join(chance.choice(_PLACES) for _ in range(4))
        number = uuid4().hex[:6]
        return cls(f"房县{place}山货合作社{number}", f"{place}花菇", f"Flower mushrooms of {number}")

    @property
    def pinyin(self) -> str:
        """The title as somebody without Chinese letters types it."""
        return "".join(syllables(self.title))


def a_photo(shade: int) -> Any:
    """A real PNG, 480 × 480, as a phone could send it: rings of a mushroom's cap."""
    width = 480
    rows = bytearray()
    for y in range(width):
        rows.append(0)
        for x in range(width):
            ring = int(((x - 240) ** 2 + (y - 240) ** 2) ** 0.5) // 30 * 12
            rows += bytes(((shade + ring) % 256, (shade // 2 + ring) % 256, 60))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, width, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")
    return {"name": "花菇.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + body}


def told(person: Shopper, words: str) -> None:
    """The page says what was done."""
    expect(person.page.locator("[role=status]").first).to_contain_text(words)


def join(supplier: Shopper, window: OpenWindow, way: Way) -> None:
    """Signed up, applied for, recommended by two county offices, admitted by the platform."""
    code = a_code()
    way.email = open_account(supplier, way.name)
    fill_in_registration(supplier, code)
    press(supplier, "main form .button-main")
    apply(supplier, code)
    agriculture = opened(window(), OFFICES["420325", "agriculture"].email, way.name)
    press(agriculture, "[formaction$=take_up]")
    say_yes(agriculture, "production", "实地看过")
    assistance = opened(window(), OFFICES["420325", "assistance"].email, way.name)
    say_yes(assistance, "linkage", "名册属实")
    press(assistance, "[formaction$=recommend]")
    platform = opened(window(), REVIEWER.email, way.name)
    press(platform, "[formaction$=examine]")
    press(platform, "[formaction$=admit]")
    supplier.go("/work/supplier")
    expect(supplier.page.locator("main")).to_contain_text("已入驻，可以上架商品")


def write_the_product(supplier: Shopper, way: Way) -> None:
    """Facts, tax, season, photo, document, a pack with prices by quantity; and into review."""
    page = supplier.page
    supplier.go("/work/products")
    expect(page.locator("main")).to_contain_text("还没有商品")
    press(supplier, "main .empty a")
    facts = {
        "title": way.title,
        "title_en": way.title_en,
        "description": "海拔八百米的椴木花菇，自然开花，晒干后香味浓。",
        "description_en": "Log-grown flower mushrooms, sun dried.",
        "shelf_life_days": "365",
        "invoice_name": "干香菇",
        "season_note": "冬菇最厚。",
    }
    for field, value in facts.items():
        page.fill(f"#{field}", value)
    page.select_option("#category", "mushroom")
    page.select_option("#tax_basis", "cooperative_own")
    press(supplier, "main form .button-main")
    told(supplier, "草稿已建好")
    way.product = page.url.partition("?")[0].rpartition("/")[2]
    expect(page.locator("button[value=submit]")).to_be_disabled()
    supplier.keep_both("30-draft")

    page.select_option("#first-0", "10")
    page.select_option("#last-0", "3")
    if page.input_value("#region-0") == "":
        page.fill("#region-0", "420325")
    press(supplier, "#seasons form button")
    told(supplier, "产季已更新")
    page.set_input_files("#photo", a_photo(90))
    press(supplier, "form[action$='/pictures'] button[value=send]")
    told(supplier, "图片已更新")
    page.set_input_files("#file", {**PDF, "name": "标签.pdf"})
    press(supplier, "form[action$='/documents'] button[value=send]")
    expect(page.locator("#documents")).to_contain_text("标签.pdf")

    press(supplier, "#packs a[href$='/packs/new']")
    for field, value in (("specification", "500克 袋装"), ("specification_en", "500 g bag"), ("net_weight_g", "500")):
        page.fill(f"#{field}", value)
    page.fill("#price", f"{PRICE_FEN / 100:.2f}")
    supplier.keep_both("31-new-pack")
    press(supplier, "main form .button-main")
    told(supplier, "规格已加上")
    press(supplier, "#packs th[scope=row] a")
    page.select_option("#buyer_group", "institution")
    page.fill("#min_quantity", "10")
    page.fill("#price", "36.00")
    press(supplier, "button[value=price]")
    told(supplier, "价格已设置")
    supplier.keep_both("32-pack")
    supplier.go(f"/work/products/{way.product}")
    press(supplier, "button[value=submit]")
    told(supplier, "已提交审核")


def open_review(reviewer: Shopper, way: Way) -> None:
    """The reviewer in front of what waits of this product."""
    reviewer.go(f"/work/product-reviews?q={way.title}")
    press(reviewer, "th[scope=row] a")


def review(reviewer: Shopper, supplier: Shopper, way: Way) -> None:
    """The whole product is let through; then a change of it, of which the reviewer sees what differs."""
    reviewer.sign_in(REVIEWER.email, "/work/product-reviews")
    open_review(reviewer, way)
    shown = reviewer.page.locator("main")
    for words in (way.title, way.name, "合作社销售本社成员产品免税", "39.80", "标签.pdf"):
        expect(shown).to_contain_text(words)
    reviewer.keep_both("33-review")
    press(reviewer, "button[value=accept]")
    told(reviewer, "已通过")

    page = supplier.page
    supplier.go(f"/work/products/{way.product}")
    expect(page.locator(".work-head")).to_contain_text("在售")
    page.fill("#description", "海拔九百米的椴木花菇，自然开花，晒干后香味浓。")
    press(supplier, f"form[action$='/{way.product}'] .button-main")
    told(supplier, "审核通过前买家看到原来的样子")
    page.set_input_files("#photo", a_photo(140))
    press(supplier, "form[action$='/pictures'] button[value=send]")
    supplier.keep_both("34-change-waits")
    open_review(reviewer, way)
    expect(shown.locator("del")).to_contain_text("海拔八百米")
    expect(shown.locator("ins")).to_contain_text("海拔九百米")
    expect(shown.locator("tr", has_text="图片").locator("img")).to_have_count(3)
    reviewer.keep_both("35-difference")
    press(reviewer, "button[value=accept]")
    told(reviewer, "已通过")


def put_on_the_shelf(supplier: Shopper, way: Way) -> None:
    """Off the shelf and on again by the supplier itself; then fifty bags come in."""
    page = supplier.page
    supplier.go(f"/work/products/{way.product}")
    expect(page.locator("main")).to_contain_text("在售")
    press(supplier, "#packs th[scope=row] a")
    page.fill("#shelf-reason", "等新货")
    press(supplier, "button[value=delist]")
    told(supplier, "这个规格已下架")
    press(supplier, "button[value=list]")
    told(supplier, "这个规格已上架")
    supplier.go("/work/stock")
    line = page.locator("tr", has_text=way.title)
    line.locator("[name=quantity]").fill("很多")
    line.locator("[name=reference]").fill("入库 1 号")
    line.locator("button").click()
    expect(line.locator("[role=alert]")).to_contain_text("请写整数件数")
    expect(line.locator("[name=reference]")).to_have_value("入库 1 号")
    line.locator("[name=quantity]").fill("50")
    line.locator("button").click()
    told(supplier, "已入库")
    expect(line.locator("td.number").first).to_have_text("50")
    supplier.keep_both("36-stock")


def find(consumer: Shopper, way: Way, words: str) -> None:
    """The product stands first among what is found."""
    consumer.go("/")
    consumer.page.fill("header input[name=q]", words)
    consumer.page.press("header input[name=q]", "Enter")
    consumer.page.wait_for_url("**/products?q=*")
    title = way.title if consumer.language == "zh" else way.title_en
    expect(consumer.page.locator(".card-title").first).to_have_text(title)


def buy(consumer: Shopper, way: Way) -> str:
    """Found in Chinese and in pinyin, looked at, bought and paid; the order's path."""
    page = consumer.page
    find(consumer, way, way.pinyin)
    find(consumer, way, way.title)
    consumer.go(consumer.product_links()[0])
    for words in ("海拔九百米", "房县", "39.80", way.name):
        expect(page.locator("main")).to_contain_text(words)
    expect(page.locator(".product-picture img.picture")).to_have_js_property("naturalWidth", 480)
    consumer.keep_both("37-in-the-shop")
    page.fill("#quantity", str(BOUGHT))
    page.click(".buy-button")
    page.wait_for_url("**/cart?done=added")
    consumer.go("/checkout")
    page.wait_for_url("**/sign-in?*")
    consumer.sign_up()
    page.wait_for_url(is_checkout)
    consumer.fill_in_address()
    page.click("button[value=place]")
    page.wait_for_url("**/orders/*/pay")
    order = consumer.pay_at_the_cashier()
    page.wait_for_url("**?done=paid", timeout=20_000)
    return order.removeprefix(consumer.base_url)


def send(supplier: Shopper, number: str) -> str:
    """Handed to a carrier at the desk; the waybill."""
    waybill = f"SF{uuid4().int % 10**12:012d}"
    supplier.go("/desk")
    part = supplier.page.locator(".desk-part", has_text=number)
    part.locator("[name=carrier_code]").select_option(CARRIER)
    part.locator("[name=waybill_number]").fill(waybill)
    part.locator("button").click()
    supplier.page.wait_for_url("**/desk?done=dispatched")
    return waybill


def sold_in(analyst: Shopper, county: str) -> tuple[int, int]:
    """Fen and orders of what was grown in the county, as the dashboard's table says."""
    analyst.go("/dashboard?province=420000&category=mushroom&period=30")
    row = analyst.page.locator("#counties tbody tr", has_text=county)
    if row.count() == 0:
        return 0, 0
    sales, _, orders = row.locator("td").all_inner_texts()[1:4]
    return round(float(sales.replace(",", "")) * 100), int(orders.replace(",", ""))


def ensure_sold(supplier: Shopper, way: Way, number: str) -> None:
    """The supplier reads that it arrived, and that two bags have left."""
    supplier.go("/desk?status=DELIVERED")
    part = supplier.page.locator(".desk-part", has_text=number)
    expect(part).to_contain_text(way.title)
    expect(part).to_contain_text(f"× {BOUGHT}")
    supplier.keep_both("38-delivered")
    supplier.go("/work/stock")
    line = supplier.page.locator("tr", has_text=way.title)
    expect(line.locator("td.number")).to_have_text(["48", "0", "48"])
    press(supplier, f"tr:has-text('{way.title}') th a")
    expect(supplier.page.locator("main")).to_contain_text("发出")


def test_a_cooperatives_way_from_sign_up_to_a_sold_product(shopper: OpenWindow) -> None:
    """The cooperative and the buyer on phones, the offices, the reviewer and the analyst at desks; each kept picture is
    taken at both widths."""
    way, supplier, reviewer = Way.fresh(), shopper(width=390), shopper()
    join(supplier, shopper, way)
    write_the_product(supplier, way)
    review(reviewer, supplier, way)
    put_on_the_shelf(supplier, way)

    analyst, consumer = shopper(), shopper(width=390)
    analyst.sign_in(ANALYST.email, "/dashboard")
    before_fen, before_orders = sold_in(analyst, "房县")
    order = buy(consumer, way)
    number = consumer.page.locator(".order-number").inner_text()
    carry(consumer.base_url, send(supplier, number))
    consumer.go(f"{order}/tracking")
    expect(consumer.page.locator(".parcel-state")).to_have_text("已签收")
    ensure_sold(supplier, way, number)
    assert sold_in(analyst, "房县") == (before_fen + BOUGHT * PRICE_FEN, before_orders + 1)
    analyst.keep_both("39-counted")
    read_it_in_english(shopper, way)
    for person in (supplier, reviewer, consumer, analyst):
        assert [each for each in person.complaints if "status of 4" not in each] == []


def read_it_in_english(window: OpenWindow, way: Way) -> None:
    """A reader of English finds it, and its supplier reads of it at the desk."""
    reader = window(language="en", width=390)
    find(reader, way, way.title_en)
    reader.go(reader.product_links()[0])
    for words in ("Log-grown flower mushrooms", "Fang County", "500 g bag"):
        expect(reader.page.locator("main")).to_contain_text(words)
    reader.keep_picture("37-in-the-shop")
    supplier = window(language="en")
    supplier.sign_in(way.email, "/work/products")
    row = supplier.page.locator("tr", has_text=way.title_en)
    expect(row).to_contain_text("On sale")
    press(supplier, f"tr:has-text('{way.title_en}') th a")
    supplier.keep_picture("40-workbench")
    supplier.go("/work/stock")
    supplier.keep_picture("36-stock")
    assert reader.complaints + supplier.complaints == []
