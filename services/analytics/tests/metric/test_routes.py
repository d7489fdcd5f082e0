"""GET /v1/meta: the metric book, with what the caller may see."""

from datetime import UTC, datetime

from factories import envelopes, order_cancelled, order_paid, sold_line


async def read_meta(client, headers):
    answer = await client.get("/v1/meta", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_every_measure_and_dimension_is_defined_in_both_languages(client, as_caller, figures):  # noqa: ARG001
    meta = await read_meta(client, as_caller(kind="analyst"))
    assert [each["name"] for each in meta["measures"]] == [
        "sales_fen",
        "orders",
        "quantity",
        "weight_g",
        "buyers",
        "refunded_fen",
        "net_sales_fen",
    ]
    for each in (*meta["measures"], *meta["dimensions"]):
        assert all(each[words][language] for words in ("label", "definition") for language in ("zh", "en"))
    assert meta["data_range"] == {"first": None, "last": None}


async def test_values_and_days_are_those_that_the_caller_may_see(client, as_caller, feeds):
    void = order_paid(sold_line(category="honey"))
    await feeds.apply_orders(
        envelopes(
            order_paid(sold_line(category="tea"), paid_at=datetime(2026, 3, 1, 16, 30, tzinfo=UTC)),
            order_paid(sold_line(category="fruit", origin_county_code="530129")),
            void,
            order_cancelled(void),
        )
    )
    everything = await read_meta(client, as_caller(kind="analyst"))
    assert everything["data_range"] == {"first": "2026-03-02", "last": "2026-11-22"}
    meta = await read_meta(client, as_caller(kind="official", regions=("52",)))
    assert meta["data_range"] == {"first": "2026-03-02", "last": "2026-03-02"}
    values = {each["name"]: each["values"] for each in meta["dimensions"]}
    assert values["category"] == [{"value": "tea", "label": {"zh": "茶叶", "en": "Tea"}}]
    assert values["origin_province"] == [{"value": "520000", "label": {"zh": "贵州省", "en": "贵州省"}}]
    assert values["product"] is None


async def test_the_book_is_not_for_consumers(client, as_caller, figures):  # noqa: ARG001
    answer = await client.get("/v1/meta", headers=as_caller())
    assert (answer.status_code, answer.json()["code"]) == (403, "figures-not-allowed")
