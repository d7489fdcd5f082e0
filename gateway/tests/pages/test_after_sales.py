"""The pages of claims, drawn from answers of orders."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.datastructures import FormData

from gateway.pages import after_sales, cards, claims, exchanges, my_after_sales, orders, returns, reviews
from gateway.pages.shell import Page
from gateway.pages.typed import Typed
from gateway.visitor import Language
from shared.errors import Conflict, Invalid

Answer = Callable[[str], Any]
PageOf = Callable[..., Page]
HOSTILE = "<script>alert(1)</script>"


def draw_form(page: Page, answer: Answer) -> str:
    refusal = Conflict("x", code="pieces-claimed-already", field="piece_count", left_count=2)
    typed = Typed(basis="weight", piece_count="3", weight_g="200", problem="short", description=HOSTILE)
    context = claims.form_context(page, answer("claim_options"), typed, ["p1"], refusal)
    return page.render("claim_form.html", **context).body.decode()


def draw_no_form(page: Page, answer: Answer) -> str:
    options = answer("claim_options") | {"is_claimable": False, "claim_until": None}
    return page.render("claim_form.html", **claims.form_context(page, options, Typed(), [], None)).body.decode()


def draw_claim(page: Page, answer: Answer) -> str:
    item = answer("claim") | {"verbs": ["withdraw", "appeal"], "description": HOSTILE}
    context = claims.detail_context(page, item)
    return page.render("claim.html", **context, reason="r", notice="n", error="e").body.decode()


def draw_desk(page: Page, answer: Answer) -> str:
    found = {"items": [answer("claim"), answer("claim") | {"due_at": "2026-11-24T05:06:00Z"}], "next_cursor": "c"}
    return page.render(
        "after_sales.html", **after_sales.desk_context(page, after_sales.desk_listing(page), found)
    ).body.decode()


def draw_empty_desk(page: Page, answer: Answer) -> str:
    del answer
    found: dict[str, Any] = {"items": []}
    return page.render(
        "after_sales.html", **after_sales.desk_context(page, after_sales.desk_listing(page), found)
    ).body.decode()


def draw_desk_claim(page: Page, answer: Answer) -> str:
    item = answer("claim") | {"verbs": ["approve", "refuse"], "excursions": [], "money": None, "description": HOSTILE}
    context = claims.detail_context(page, item)
    return page.render("after_sales_claim.html", **context, reason="", notice="", error="e").body.decode()


REVIEW = {
    "review_id": "r1",
    "revision": 1,
    "product_id": "p1",
    "product_title": "蒙阴蜜桃",
    "product_title_en": "Mengyin peaches",
    "specification": "5斤装",
    "supplier_id": "s1",
    "author": "王**",
    "rating": 4,
    "body": HOSTILE,
    "photo_ids": ["p1"],
    "reviewed_at": "2026-11-22T06:06:00Z",
    "answer": "谢谢",
    "answered_at": "2026-11-22T07:06:00Z",
    "hidden_reason": "",
    "hidden_at": None,
}


def draw_reviews(page: Page, answer: Answer) -> str:
    del answer
    found = {"items": [REVIEW, REVIEW | {"hidden_at": "2026-11-22T08:06:00Z", "hidden_reason": "辱骂"}]}
    context = reviews.desk_context(page, reviews.desk_listing(page), found)
    return page.render("reviews.html", **context, notice="", error="").body.decode()


def draw_review_form(page: Page, answer: Answer) -> str:
    context = reviews.form_context(page, answer("claim_options"), Typed(rating="3", body=HOSTILE), ["p1"])
    return page.render("review_form.html", **context, error="e").body.decode()


def draw_all_reviews(page: Page, answer: Answer) -> str:
    del answer
    found = reviews.product_reviews({"items": [REVIEW], "next_cursor": "c", "rating_counts": {"4": 1, "5": 2}}, page)
    assert (found["count"], found["mean"], found["stars"]) == (3, "4.7", "★★★★★")
    return page.render("product_reviews_all.html", reviews=found, product_id="p1").body.decode()


def a_return(answer: Answer) -> dict[str, Any]:
    claim = answer("claim")
    shared = ("order_id", "order_number", "line_id", "supplier_id", "product_id", "product_title", "product_title_en")
    return {name: claim[name] for name in (*shared, "specification", "picture", "delivered_at", "opened_at")} | {
        "return_id": "t1",
        "revision": 2,
        "piece_count": 2,
        "cause": "no_reason",
        "description": HOSTILE,
        "status": "APPROVED",
        "send_to": "房县城关镇 8 号",
        "carrier_name": "",
        "waybill_number": "",
        "wanted_fen": 2000,
        "granted_fen": None,
        "due_at": "2026-11-29T06:06:00Z",
        "ended_at": None,
        "trail": [
            {
                "verb": "request",
                "from_status": None,
                "to_status": "REQUESTED",
                "reason": "",
                "actor": "buyer",
                "done_at": "2026-11-22T06:06:00Z",
            }
        ],
        "verbs": ["withdraw", "send", "approve"],
        "money": None,
        "goods": None,
        "can_book_goods": False,
        "lots": [],
    }


def draw_return(page: Page, answer: Answer) -> str:
    context = returns.detail_context(page, a_return(answer), Typed(waybill_number="1"))
    return page.render("return.html", **context, notice="", error="e").body.decode()


def draw_return_goods(page: Page, answer: Answer) -> str:
    item = a_return(answer) | {"status": "RECEIVED", "can_book_goods": True, "lots": ["L1"], "money": MONEY}
    context = returns.detail_context(page, item, Typed(restocked_count="1", goods_reason=HOSTILE))
    return page.render("return.html", **context, notice="", error="e").body.decode()


def an_exchange(answer: Answer) -> dict[str, Any]:
    told = a_return(answer)
    names = ("cause", "wanted_fen", "granted_fen", "return_id", "money")
    return {name: value for name, value in told.items() if name not in names} | {
        "exchange_id": "x1",
        "supplier_order_id": "s1",
        "sku_id": "k1",
        "problem": "damaged",
        "status": "REQUESTED",
        "goods_back": True,
        "refunded_count": 1,
        "refunded_fen": 1000,
        "shipment_id": "h1",
        "shipped_at": "2026-11-23T06:06:00Z",
        "photo_ids": ["p1"],
        "excursions": answer("claim")["excursions"],
        "available": 1,
        "verbs": ["approve", "refuse", "refund"],
    }


def draw_exchange(page: Page, answer: Answer) -> str:
    context = exchanges.detail_context(page, an_exchange(answer), Typed(send_to=HOSTILE))
    return page.render("exchange.html", **context, notice="n", error="e").body.decode()


def draw_refused_exchange(page: Page, answer: Answer) -> str:
    booked = {"restocked_count": 1, "piece_count": 2, "lot_number": "L1", "reason": HOSTILE}
    item = an_exchange(answer) | {
        "status": "REFUSED",
        "refunded_count": 0,
        "verbs": [],
        "available": None,
        "goods": booked | {"booked_at": "2026-11-23T06:06:00Z"},
    }
    context = exchanges.detail_context(page, item, Typed())
    text = page.render("exchange.html", **context, notice="", error="").body.decode()
    assert f"/orders/{item['order_id']}/lines/{item['line_id']}/return" in text, "it may become a return"
    return text


def draw_exchange_form(page: Page, answer: Answer) -> str:
    options = answer("claim_options") | {"exchange_until": "2026-11-24T06:06:00Z", "is_exchangeable": True}
    refusal = Conflict("x", code="pieces-claimed-already", field="piece_count", left_count=2)
    typed = Typed(piece_count="3", problem="wrong", description=HOSTILE)
    return page.render(
        "exchange_form.html", **exchanges.form_context(page, options, typed, ["p1"], refusal)
    ).body.decode()


def draw_no_exchange(page: Page, answer: Answer) -> str:
    options = answer("claim_options") | {"exchange_until": None, "is_exchangeable": False}
    return page.render("exchange_form.html", **exchanges.form_context(page, options, Typed(), [], None)).body.decode()


def draw_exchanges(page: Page, answer: Answer) -> str:
    found = {"items": [an_exchange(answer)], "next_cursor": "c"}
    return page.render(
        "exchanges.html", **exchanges.desk_context(page, exchanges.desk_listing(page), found)
    ).body.decode()


def asked_of(answer: Answer) -> list[dict[str, Any]]:
    claim = answer("claim")
    names = ("order_id", "order_number", "line_id", "product_id", "product_title", "product_title_en", "specification")
    shared = {name: claim[name] for name in (*names, "picture", "piece_count", "opened_at")}
    every = shared | {"subject_id": "c1", "due_at": "2026-11-24T06:06:00Z", "granted_fen": 0, "wanted_fen": 5999}
    return [
        every | {"kind": "claim", "cause": "rotten", "status": "SUPPLIER_REVIEW"},
        every | {"kind": "return", "cause": "no_reason", "status": "REFUNDED", "granted_fen": 100, "due_at": None},
        every | {"kind": "exchange", "cause": "wrong", "status": "SHIPPED", "wanted_fen": 0},
    ]


def draw_mine(page: Page, answer: Answer) -> str:
    found = {"items": asked_of(answer), "next_cursor": "c"}
    listing = my_after_sales.listing_here(page)
    return page.render("my_after_sales.html", **my_after_sales.list_context(page, listing, found)).body.decode()


def draw_nothing_asked(page: Page, answer: Answer) -> str:
    del answer
    listing = my_after_sales.listing_here(page)
    return page.render("my_after_sales.html", **my_after_sales.list_context(page, listing, {"items": []})).body.decode()


def draw_return_form(page: Page, answer: Answer) -> str:
    context = returns.form_context(page, answer("claim_options"), Typed(cause="faulty", description=HOSTILE))
    return page.render("return_form.html", **context, error="e").body.decode()


def draw_returns(page: Page, answer: Answer) -> str:
    listing = returns.desk_listing(page, returns.PATH)
    found = {"items": [a_return(answer)], "next_cursor": "c"}
    return page.render("returns.html", **returns.list_context(page, listing, found)).body.decode()


MONEY = {
    "refund_id": "r1",
    "status": "SUCCEEDED",
    "provider": "sandbox",
    "requested_at": "2026-11-22T06:06:00Z",
    "succeeded_at": "2026-11-22T06:09:00Z",
    "supplier_fen": 2000,
    "carrier_fen": 0,
}
DRAWN = {
    "return_goods": (draw_return_goods, "supplier"),
    "exchange": (draw_exchange, "supplier"),
    "refused_exchange": (draw_refused_exchange, "consumer"),
    "exchange_form": (draw_exchange_form, "consumer"),
    "no_exchange": (draw_no_exchange, "consumer"),
    "exchanges": (draw_exchanges, "operator"),
    "mine": (draw_mine, "consumer"),
    "nothing_asked": (draw_nothing_asked, "consumer"),
    "return": (draw_return, "consumer"),
    "return_form": (draw_return_form, "consumer"),
    "returns": (draw_returns, "supplier"),
    "reviews": (draw_reviews, "supplier"),
    "review_form": (draw_review_form, "consumer"),
    "all_reviews": (draw_all_reviews, "anonymous"),
    "form": (draw_form, "consumer"),
    "no_form": (draw_no_form, "consumer"),
    "claim": (draw_claim, "consumer"),
    "desk": (draw_desk, "supplier"),
    "empty_desk": (draw_empty_desk, "operator"),
    "desk_claim": (draw_desk_claim, "operator"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_every_page_is_whole_and_every_field_has_a_label(
    name: str, language: Language, page_of: PageOf, answer: Answer, markup: Any
) -> None:
    draw, kind = DRAWN[name]
    text = draw(page_of(language, kind=kind, path="/work/after-sales"), answer)
    page = markup(text)
    assert page.faults == []
    assert HOSTILE not in text
    labelled = {each.attributes["for"] for each in page.find("label") if "for" in each.attributes}
    for each in [*page.find("input"), *page.find("select"), *page.find("textarea")]:
        if each.attributes.get("type", "") in {"hidden", "checkbox", "radio"} or "aria-label" in each.attributes:
            continue
        assert each.attributes["id"] in labelled, each.attributes
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    described = [each.attributes["aria-describedby"] for each in page.elements if "aria-describedby" in each.attributes]
    assert set(described) <= set(ids)
    assert text.count('method="post"') == text.count('name="csrf_token" value="a-form-token"')


def test_a_refused_form_keeps_what_was_typed_and_the_photos(page_of: PageOf, answer: Answer, markup: Any) -> None:
    page = markup(draw_form(page_of(path="/x"), answer))
    (pieces,) = page.find("input", id="piece_count")
    assert (pieces.attributes["value"], pieces.attributes["aria-invalid"]) == ("3", "true")
    assert [each.attributes["value"] for each in page.find("input", name="photo_ids")] == ["p1"]
    (camera,) = page.find("input", id="camera")
    assert camera.attributes["capture"] == "environment"


def test_a_claim_says_where_its_money_is_and_who_bears_it(page_of: PageOf, answer: Answer, markup: Any) -> None:
    page = markup(draw_claim(page_of("en", path="/claims/1"), answer))
    assert "the payment provider is working on it" in page.text
    assert "Borne by the carrier ¥59.99" in page.text
    assert "too warm major 17.5 °C" in page.text


def test_an_orders_page_shows_claims_and_refunds(page_of: PageOf, answer: Answer, markup: Any) -> None:
    page = page_of(path="/orders/1")
    refund = {
        "amount_fen": 5999,
        "product_title": None,
        "product_title_en": None,
        "status": "SUCCEEDED",
        "requested_at": "2026-11-22T06:06:00Z",
        "succeeded_at": "2026-11-22T06:09:00Z",
    }
    view = orders.order_view(answer("order"), "北京市", {}, page)
    text = page.render(
        "order.html",
        view=view,
        asked=[my_after_sales.asked_row(each, page) for each in asked_of(answer)],
        refunds=orders.refund_rows([refund], page),
        losses=orders.loss_rows(
            [{"waybill_numbers": ["SF1", "SF2"], "refunded_count": 1, "refunded_fen": 1200, "replaced_count": 2}], page
        ),
        awaited=orders.awaited_rows(
            [
                {
                    "supplier_order_id": answer("order")["parts"][0]["supplier_order_id"],
                    "promised_until": "2026-11-02",
                    "reportable_from": "2026-11-03",
                    "report": None,
                }
            ],
            page,
        ),
        notice="",
        error="",
        key="k",
    ).body.decode()
    drawn = markup(text)
    assert drawn.faults == []
    assert "整单 ¥59.99 已退回原支付账户" in drawn.text
    assert "运单 SF1、SF2 在运输途中遗失 · 1 件已退款 ¥12.00 · 2 件补发" in drawn.text
    assert "我没有收到" in drawn.text
    links = {each.attributes["href"] for each in drawn.find("a")}
    assert {"/claims/c1", "/returns/c1", "/exchanges/c1"} <= links
    order = answer("order")
    delivered = [line for part in order["parts"] if part["fulfilment"] == "DELIVERED" for line in part["lines"]]
    urls = {each.attributes["href"] for each in drawn.find("a") if each.attributes["href"].endswith("/claim")}
    assert urls == {f"/orders/{order['order_id']}/lines/{line['line_id']}/claim" for line in delivered}


def test_a_number_is_whole_and_positive() -> None:
    assert claims.whole("12", "piece_count") == 12
    for text in ("", "0", "-1", "1.5", "二", "9" * 10):
        with pytest.raises(Invalid) as refusal:
            claims.whole(text, "piece_count")
        assert (refusal.value.code, refusal.value.field) == ("number-invalid", "piece_count")


async def test_a_claim_without_any_photo_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Invalid) as refusal:
        await claims.send_photos(None, None, FormData([("camera", "")]), [])  # type: ignore[arg-type]
    assert refusal.value.code == "photo-missing"


def test_a_card_shows_its_stars_and_how_many_gave_them(answer: Answer) -> None:
    item = answer("products")["items"][0] | {"rating_count": 1200, "rating_sum": 5400}
    card = cards.card_of(item, "en")
    assert (card.stars, card.rating, card.rating_told) == ("★★★★☆", "4.5 (1,200)", "rated 4.5 of 5 by 1,200")
    unrated = cards.card_of(item | {"rating_count": 0, "rating_sum": 0}, "zh")
    assert (unrated.stars, unrated.rating, unrated.rating_told) == ("", "", "")
