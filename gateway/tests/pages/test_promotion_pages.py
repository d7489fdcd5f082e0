"""Why a price is what it is, as pages say it; the work pages of promotions; a promotion's form, there and back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from gateway.pages import cart, pricing_view, promotions
from gateway.pages.promotion_form import FIELDS, MistypedError, body_of, typed_from
from gateway.pages.shell import Page
from gateway.pages.typed import Typed

Answer = Callable[[str], Any]
PageOf = Callable[..., Page]
SKU = "a86f4a66-fb0b-519a-96f0-c4c87c7ea31c"


def promotion(**given: Any) -> dict[str, Any]:
    """A promotion as orders answers it."""
    return {
        "promotion_id": "0192a1b2-0000-7000-8000-0000000000aa",
        "revision": 2,
        "status": "ACTIVE",
        "kind": "amount-off",
        "supplier_id": None,
        "bearer": "platform",
        "name": "年货节 <满减>",
        "name_en": "New Year <sale>",
        "starts_at": "2026-11-21T16:00:00+00:00",
        "ends_at": "2026-12-31T16:00:00+00:00",
        "priority": 100,
        "exclusive_group": "festival",
        "person_cap": 5,
        "budget_fen": 5_000_050,
        "left_fen": 4_900_000,
        "is_claimable": False,
        "coupon_limit": None,
        "coupon_days": None,
        "scope": {"categories": ["mushroom", "tea"], "counties": ["4203"], "sku_ids": [SKU]},
        "terms": {"steps": [{"from_fen": 19_900, "off_fen": 2000}, {"from_fen": 39_900, "off_fen": 5000}]},
        "changed_at": "2026-11-22T04:00:00+00:00",
        "order_count": 3,
        "held_fen": 2000,
        "kept_fen": 4000,
        "coupon_count": 0,
        **given,
    }


TERMS = {
    "amount-off": {"steps": [{"from_fen": 19_900, "off_fen": 2000}]},
    "coupon": {"from_fen": 8900, "off_bp": 850},
    "limited-price": {"price_fen": 4680},
    "member-price": {"off_bp": 500},
    "gift": {"from_fen": 16_800, "gifts": [{"sku_id": SKU, "quantity": 2}]},
    "exchange": {"from_fen": 29_900, "offers": [{"sku_id": SKU, "price_fen": 1990, "most": 1}]},
    "bundle": {"items": [{"sku_id": SKU, "quantity": 3}], "price_fen": 5680},
}


@pytest.mark.parametrize("kind", sorted(TERMS))
def test_what_the_form_shows_is_what_it_sends(kind: str) -> None:
    found = promotion(kind=kind, terms=TERMS[kind])
    body = body_of(typed_from(found))
    for name in ("kind", "name", "name_en", "priority", "exclusive_group", "person_cap", "budget_fen", "terms"):
        assert body[name] == found[name], name
    assert body["scope"] == found["scope"]
    for name in ("starts_at", "ends_at"):
        assert datetime.fromisoformat(body[name]) == datetime.fromisoformat(found[name])


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("starts_on", "morgen"),
        ("budget", "1.234"),
        ("budget", "-1"),
        ("budget", "NaN"),
        ("person_cap", "two"),
        ("skus", "not-an-id"),
        ("off_1", "ten"),
    ],
)
def test_what_cannot_be_read_names_its_field(field: str, text: str) -> None:
    typed = Typed({**typed_from(promotion()), field: text})
    with pytest.raises(MistypedError) as wrong:
        body_of(typed)
    assert wrong.value.field == field


def test_a_line_says_why_it_costs_what_it_costs(page_of: PageOf, answer: Answer) -> None:
    line = cart.cart_view(answer("cart"), page_of(), {}).lines[0]
    assert [(each.name, each.amount) for each in line.reasons] == [("标价", "¥59.60"), ("满减 · 年货节满减", "−¥5.00")]
    tier = {"trace": [{"step": "tier", "fen": -100, "detail": "institution:50", "name": "", "name_en": ""}]}
    assert pricing_view.reasons_of(tier, page_of())[0].name == "单位采购价，50 件起"
    assert pricing_view.reasons_of(tier, page_of("en"))[0].name == "Institution price from 50 on"


def test_a_cart_says_discounts_gifts_and_each_suppliers_delivery(page_of: PageOf, answer: Answer) -> None:
    document = answer("cart")
    view = cart.cart_view(document, page_of("en"), {})
    assert [each.name for each in view.discounts] == ["New Year goods fair"]
    assert view.gifts == ["Luodian red dragonfruit 5 pieces, carton (2.5 kg) × 1"]
    assert view.parts[1].delivery.startswith("¥8.00 · ¥10.00 more for free delivery · arrives ")
    assert view.parts[0].delivery.startswith("Free" if page_of("en").t.cart.free.startswith("Free") else "")
    document["is_delivery_known"] = False
    view = cart.cart_view(document, page_of(), {})
    assert {part.delivery for part in view.parts} == {"填地址后计算"}
    assert view.delivery == "填地址后计算"


def test_each_difference_is_a_sentence(page_of: PageOf) -> None:
    told = [
        {"kind": "price", "sku_id": SKU, "seen_price_fen": 100, "unit_price_fen": 200, "product_title": "苹果"},
        {"kind": "promotion", "name": "满减", "name_en": "", "seen_fen": 1000, "fen": None},
        {"kind": "delivery", "supplier_name": "合作社", "seen_fen": None, "fen": 800},
        {"kind": "gift", "sku_id": SKU, "product_title": "大枣", "seen_quantity": 1, "quantity": 0},
    ]
    assert pricing_view.difference_texts(told, {}, page_of()) == [
        "苹果：原 ¥1.00，现 ¥2.00",
        "满减：原 ¥10.00，现 没有",
        "合作社 运费：原 没有，现 ¥8.00",
        "赠品 大枣：原 1 件，现 0 件",
    ]


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({"from_fen": 8900, "off_fen": 1000}, "满 ¥89.00 减 ¥10.00"),
        ({"off_bp": 850, "from_fen": 0}, "减 8.5 %"),
    ],
)
def test_a_coupon_says_its_terms(page_of: PageOf, terms: dict[str, Any], text: str) -> None:
    assert pricing_view.coupon_terms(terms, page_of()) == text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_of_promotions_are_drawn_in_every_state(page_of: PageOf, language: str) -> None:
    page = page_of(language, path="/work/promotions")
    listing = promotions.promotions_listing(page)
    for items in ([], [promotion(), promotion(left_fen=None)]):
        drawn = promotions.draw_promotions(page, listing, {"items": items, "next_cursor": None}).body.decode()
        assert ("New Year &lt;sale&gt;" in drawn) is (language == "en" and bool(items))
        assert "<sale>" not in drawn
        assert "<满减>" not in drawn
    trail = [{"verb": "activate", "actor": "operator", "reason": "", "done_at": "2026-11-22T04:00:00+00:00"}]
    for status, verbs in (("DRAFT", 2), ("ACTIVE", 2), ("PAUSED", 2), ("ENDED", 0)):
        found = promotion(status=status, kind="coupon", terms=TERMS["coupon"])
        drawn = promotions.draw_promotion(page, found, trail, codes=["ABC"]).body.decode()
        assert drawn.count('name="verb"') == verbs
        assert ("/edit" in drawn) is (status in {"DRAFT", "PAUSED"})
    typed = Typed({**dict.fromkeys(FIELDS, ""), "name": "<b>"})
    fresh = promotions.draw_form(page, Typed(), key="k").body.decode()
    assert "aria-invalid" not in fresh
    drawn = promotions.draw_form(page, typed, key="k", errors={"budget": "x"}, status=422).body.decode()
    assert "&lt;b&gt;" in drawn
    assert 'aria-invalid="true"' in drawn
