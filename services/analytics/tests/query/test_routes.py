"""POST /v1/query: status, shape, who may see what, every refusal's code."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from factories import envelopes, order_cancelled, order_paid, sku_listed, sold_line

ANALYST = {"kind": "analyst"}


@pytest.fixture
def ask(client, as_caller, figures):  # noqa: ARG001 - tables of its own
    async def ask(_caller=None, *, _headers=None, _format=None, **body):
        headers = {**as_caller(**(_caller or ANALYST)), **(_headers or {})}
        path = "/v1/query" + (f"?format={_format}" if _format else "")
        whole = json.dumps({"measures": ["sales_fen"], **body})  # escapes even what is no character
        return await client.post(path, content=whole, headers={**headers, "content-type": "application/json"})

    return ask


async def test_a_sale_is_shown_by_its_origin(ask, feeds):
    supplier = uuid4()
    await feeds.apply_catalog(envelopes(sku_listed(supplier_id=supplier, supplier_name="道真合作社")))
    line = sold_line(quantity=3, payable_fen=11970)
    await feeds.apply_orders(envelopes(order_paid(line, supplier_id=supplier)))
    answer = await ask(
        measures=["sales_fen", "orders", "quantity", "weight_g", "buyers"], dimensions=["origin_county", "supplier"]
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    figures = {"sales_fen": 11970, "orders": 1, "quantity": 3, "weight_g": 7500, "buyers": 1}
    assert body["rows"] == [
        {
            "origin_county": "520326",
            "origin_county_name": "务川仡佬族苗族自治县",
            "supplier": str(supplier),
            "supplier_name": "道真合作社",
            **figures,
        }
    ]
    assert body["totals"] == figures
    assert (body["truncated"], body["next_cursor"], body["cached"]) == (False, None, False)
    assert [each["name"] for each in body["columns"]] == list(body["rows"][0])
    assert body["columns"][4] == {
        "name": "sales_fen",
        "label": {"zh": "销售额", "en": "Sales"},
        "kind": "measure",
        "unit": "fen",
    }


async def test_server_timing_tells_the_engines_own_work_and_none_for_an_answer_from_memory(ask, feeds):
    await feeds.apply_orders(envelopes(order_paid(sold_line(payable_fen=1))))

    async def engine_ms() -> float:
        name, _, milliseconds = (await ask(dimensions=["month"])).headers["server-timing"].partition(";dur=")
        assert name == "engine"
        return float(milliseconds)

    assert 0 < await engine_ms() < 60_000
    assert await engine_ms() == 0


async def test_orders_at_both_ends_of_a_local_day_are_on_that_day(ask, feeds):
    """T51: 00:30 and 23:59:59.999 in Shanghai; T52: the last day is whole, in the range and in a filter."""
    ends = [datetime(2026, 11, 21, 16, 30, tzinfo=UTC), datetime(2026, 11, 22, 15, 59, 59, 999_900, tzinfo=UTC)]
    outside = [datetime(2026, 11, 21, 15, 59, 59, 999_000, tzinfo=UTC), datetime(2026, 11, 22, 16, 0, tzinfo=UTC)]
    events = [order_paid(sold_line(payable_fen=1), paid_at=instant) for instant in ends]
    events += [order_paid(sold_line(payable_fen=100), paid_at=instant) for instant in outside]
    await feeds.apply_orders(envelopes(*events))
    day = {"day": "2026-11-22", "sales_fen": 2}
    ranged = {"from": "2026-11-22", "to": "2026-11-22"}
    filtered = {"filters": [{"dimension": "day", "is_any_of": ["2026-11-22"]}]}
    for selection in (ranged, filtered):
        answer = (await ask(dimensions=["day"], **selection)).json()
        assert (answer["rows"], answer["totals"]) == ([day], {"sales_fen": 2})
        exported = await ask(dimensions=["day"], _format="csv", **selection)
        assert exported.content.decode("utf-8-sig") == "日,销售额\r\n2026-11-22,2\r\n"
    whole = (await ask(dimensions=["day"])).json()
    assert [(row["day"], row["sales_fen"]) for row in whole["rows"]] == [
        ("2026-11-21", 100),
        ("2026-11-22", 2),
        ("2026-11-23", 100),
    ]


async def test_a_week_or_month_cut_by_the_range_has_only_the_days_in_it(ask, feeds):
    """T53. 2026-11-16 is a Monday."""
    days = [(15, 1), (16, 10), (18, 100), (22, 1000), (23, 10000)]
    await feeds.apply_orders(
        envelopes(
            *(
                order_paid(sold_line(payable_fen=fen), paid_at=datetime(2026, 11, day, 4, tzinfo=UTC))
                for day, fen in days
            )
        )
    )
    cut = {"from": "2026-11-17", "to": "2026-11-22"}
    weeks = (await ask(dimensions=["week"], **cut)).json()
    assert weeks["rows"] == [{"week": "2026-W47", "sales_fen": 1100}]
    months = (await ask(dimensions=["month"], **cut)).json()
    assert months["rows"] == [{"month": "2026-11", "sales_fen": 1100}]
    both = (await ask(filters=[{"dimension": "week", "is_any_of": ["2026-W47"]}], **cut)).json()
    assert both["totals"] == {"sales_fen": 1100}
    week = (await ask(dimensions=["week"], filters=[{"dimension": "week", "is_any_of": ["2026-W47"]}])).json()
    assert week["rows"] == [{"week": "2026-W47", "sales_fen": 1110}]


async def test_the_turn_of_the_year_is_in_its_iso_week(ask, feeds):
    await feeds.apply_orders(envelopes(order_paid(paid_at=datetime(2027, 1, 1, 4, tzinfo=UTC))))
    answer = (await ask(measures=["orders"], dimensions=["week", "month", "day"])).json()
    assert answer["rows"] == [{"week": "2026-W53", "month": "2027-01", "day": "2027-01-01", "orders": 1}]


async def test_totals_are_not_multiplied_by_designations(ask, feeds):
    """T54: one line with two designations, one with one, one with none, in one order of one buyer."""
    lines = [
        sold_line(payable_fen=1, designations=("assisted-832", "key-160")),
        sold_line(payable_fen=10, designations=("assisted-832",)),
        sold_line(payable_fen=100, designations=()),
    ]
    await feeds.apply_orders(envelopes(order_paid(*lines)))
    measures = ["sales_fen", "orders", "quantity", "buyers"]
    answer = (await ask(measures=measures, dimensions=["designation"])).json()
    assert [(row["designation"], row["sales_fen"], row["orders"]) for row in answer["rows"]] == [
        ("none", 100, 1),
        ("assisted-832", 11, 1),
        ("key-160", 1, 1),
    ]
    assert answer["totals"] == {"sales_fen": 111, "orders": 1, "quantity": 3, "buyers": 1}
    only = {"filters": [{"dimension": "designation", "is_any_of": ["assisted-832"]}]}
    answer = (await ask(measures=measures, dimensions=["designation"], **only)).json()
    assert [(row["designation_name"], row["sales_fen"]) for row in answer["rows"]] == [("脱贫县(832)", 11)]
    assert answer["totals"] == {"sales_fen": 11, "orders": 1, "quantity": 2, "buyers": 1}
    none = (await ask(filters=[{"dimension": "designation", "is_any_of": ["none"]}])).json()
    assert none["totals"] == {"sales_fen": 100}


async def test_an_order_and_a_buyer_in_two_groups_count_once_in_total(ask, feeds):
    buyer = uuid4()
    two = order_paid(sold_line(category="tea"), sold_line(category="fruit"), buyer_id=buyer)
    await feeds.apply_orders(envelopes(two, order_paid(sold_line(category="tea"), buyer_id=buyer)))
    answer = (await ask(measures=["orders", "buyers"], dimensions=["category"])).json()
    assert [(row["category"], row["orders"], row["buyers"]) for row in answer["rows"]] == [
        ("tea", 2, 1),
        ("fruit", 1, 1),
    ]
    assert answer["totals"] == {"orders": 2, "buyers": 1}


async def test_pages_neither_repeat_nor_miss_a_row_and_say_that_there_are_more(ask, feeds):
    """T55."""
    lines = [sold_line(product_id=uuid4(), payable_fen=place % 3) for place in range(25)]
    await feeds.apply_orders(envelopes(order_paid(*lines)))
    seen, cursor, sizes = [], None, []
    while True:
        answer = (await ask(dimensions=["product"], limit=10, cursor=cursor)).json()
        seen += [row["product"] for row in answer["rows"]]
        sizes.append((len(answer["rows"]), answer["truncated"], answer["totals"]["sales_fen"]))
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert sizes == [(10, True, 24), (10, True, 24), (5, False, 24)]
    assert sorted(seen) == sorted(str(line.product_id) for line in lines)


async def test_ten_thousand_and_one_rows_are_all_there_or_said_to_be_cut(ask, feeds):
    """T55, at the largest page; exports have all."""
    lines = [sold_line(payable_fen=1) for _ in range(10_001)]
    for start in range(0, len(lines), 2000):
        await feeds.apply_orders(envelopes(order_paid(*lines[start : start + 2000]), first=start + 1))
    first = (await ask(dimensions=["product"], limit=10_000)).json()
    assert (len(first["rows"]), first["truncated"]) == (10_000, True)
    rest = (await ask(dimensions=["product"], limit=10_000, cursor=first["next_cursor"])).json()
    assert (len(rest["rows"]), rest["truncated"], rest["totals"]) == (1, False, {"sales_fen": 10_001})
    exported = await ask(dimensions=["product"], limit=1, _format="csv")
    assert len(exported.content.splitlines()) == 10_002


async def test_nobody_sees_more_because_somebody_who_may_asked_before(ask, feeds):
    """T56: the same question of five callers, twice each, so that the second time comes from the cache."""
    supplier, canteen = uuid4(), uuid4()
    here = order_paid(sold_line(payable_fen=1), supplier_id=supplier)
    there = order_paid(sold_line(payable_fen=10, origin_county_code="530129"), organisation_id=canteen)
    await feeds.apply_orders(envelopes(here, there))
    expected = [
        (ANALYST, 11),
        ({"kind": "operator"}, 11),
        ({"kind": "official", "regions": ("520000",)}, 1),
        ({"kind": "official", "regions": ("53",)}, 10),
        ({"kind": "official", "regions": ("11",)}, 0),
        ({"kind": "supplier", "organisation_id": supplier}, 1),
        ({"kind": "supplier", "organisation_id": uuid4()}, 0),
        ({"kind": "institution", "organisation_id": canteen}, 10),
    ]
    for turn in ("cold", "warm"):
        for caller, fen in expected:
            answer = (await ask(caller)).json()
            assert (turn, caller, answer["totals"], answer["rows"]) == (
                turn,
                caller,
                {"sales_fen": fen},
                [{"sales_fen": fen}],
            )
            if turn == "warm":
                assert answer["cached"]


async def test_a_filter_never_widens_what_an_official_may_see(ask, feeds):
    await feeds.apply_orders(envelopes(order_paid(sold_line(origin_county_code="530129"))))
    official = {"kind": "official", "regions": ("52",)}
    answer = await ask(official, filters=[{"dimension": "origin_province", "is_any_of": ["530000"]}])
    assert answer.json()["totals"] == {"sales_fen": 0}
    exported = await ask(official, dimensions=["origin_province"], _format="csv")
    assert len(exported.content.splitlines()) == 1


@pytest.mark.parametrize("kind", ["consumer", "carrier", "service"])
async def test_others_see_no_figures(ask, kind):
    answer = await ask({"kind": kind})
    assert (answer.status_code, answer.json()["code"]) == (403, "figures-not-allowed")


async def test_without_a_token_nothing_is_said(client, figures):  # noqa: ARG001 - tables of its own
    answer = await client.post("/v1/query", json={"measures": ["orders"]})
    assert answer.status_code == 401


async def test_cancelled_orders_are_out_on_every_path(ask, feeds):
    """T58."""
    void = order_paid()
    await feeds.apply_orders(envelopes(void))
    await feeds.apply_orders(envelopes(order_cancelled(void), first=2))
    answer = (await ask(measures=["sales_fen", "orders", "quantity", "weight_g", "buyers"])).json()
    assert set(answer["totals"].values()) == {0}
    by_county = (await ask(dimensions=["origin_county"])).json()
    assert by_county["rows"] == []
    exported = await ask(dimensions=["origin_county"], _format="csv")
    assert len(exported.content.splitlines()) == 1


async def test_csv_opens_in_a_spreadsheet_and_runs_nothing(ask, feeds):
    """T57."""
    supplier = uuid4()
    await feeds.apply_catalog(envelopes(sku_listed(supplier_id=supplier, supplier_name="=HYPERLINK(A1),苹果")))
    await feeds.apply_orders(envelopes(order_paid(sold_line(payable_fen=-300), supplier_id=supplier)))
    answer = await ask(dimensions=["supplier"], _headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="zhunong-sales.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.decode("utf-8-sig") == (
        f'供应商编号,供应商,销售额\r\n{supplier},"\'=HYPERLINK(A1),苹果",-300\r\n'
    )
    english = await ask(dimensions=["month"], _format="csv", _headers={"accept-language": "en"})
    assert english.content.decode("utf-8-sig").splitlines()[0] == "Month,Sales"


async def test_parquet_has_all_rows_with_their_types(ask, feeds):
    import pyarrow as pa  # noqa: PLC0415 - slow to load
    from pyarrow import parquet  # noqa: PLC0415

    await feeds.apply_orders(envelopes(order_paid(sold_line(payable_fen=7)), order_paid(sold_line(payable_fen=8))))
    answer = await ask(dimensions=["origin_province"], _headers={"accept": "application/vnd.apache.parquet"})
    table = parquet.read_table(pa.BufferReader(answer.content))
    assert table.to_pylist() == [{"origin_province": "520000", "origin_province_name": "贵州省", "sales_fen": 15}]
    empty = await ask(
        dimensions=["day"], filters=[{"dimension": "day", "is_any_of": ["2001-01-01"]}], _format="parquet"
    )
    assert parquet.read_table(pa.BufferReader(empty.content)).num_rows == 0


async def test_a_cursor_of_another_question_is_refused(ask, feeds):
    await feeds.apply_orders(envelopes(order_paid(sold_line(), sold_line())))
    cursor = (await ask(dimensions=["product"], limit=1)).json()["next_cursor"]
    for body in ({"dimensions": ["supplier"], "cursor": cursor}, {"cursor": "nonsense"}):
        answer = await ask(**body)
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "cursor-invalid", "cursor")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"measures": ["profit"]}, "measures.0", "name-unknown"),
        ({"measures": []}, "measures", "validation"),
        ({"surprise": 1}, "surprise", "validation"),
        ({"from": "2026-11-23", "to": "2026-11-22"}, "to", "period-empty"),
        ({"from": "1900-01-01"}, "from", "validation"),
        ({"limit": 10_001}, "limit", "validation"),
        ({"filters": [{"dimension": "day", "is_any_of": ["today"]}]}, "filters.0.is_any_of.0", "value-malformed"),
    ],
)
async def test_a_wrong_question_is_refused_where_it_is_wrong(ask, body, field, code):
    answer = await ask(**body)
    assert (answer.status_code, answer.json()["field"], answer.json()["code"]) == (422, field, code)


async def test_nothing_sold_is_zero_not_an_error(ask):
    answer = (await ask(measures=["sales_fen", "buyers"], dimensions=["month"])).json()
    assert (answer["rows"], answer["totals"]) == ([], {"sales_fen": 0, "buyers": 0})
    assert answer["as_of"] == {"applied_at": None, "positions": {}}


async def test_a_page_beyond_the_last_row_still_has_the_whole_total(ask, feeds):
    """The sale by which the cursor was made shrinks away before the next page is asked for."""
    first, second = order_paid(sold_line(payable_fen=5, category="tea")), order_paid(sold_line(payable_fen=4))
    await feeds.apply_orders(envelopes(first, second))
    page = (await ask(dimensions=["category"], limit=1)).json()
    assert [row["category"] for row in page["rows"]] == ["tea"]
    await feeds.apply_orders(envelopes(order_cancelled(second), first=3))
    rest = (await ask(dimensions=["category"], limit=1, cursor=page["next_cursor"])).json()
    assert (rest["rows"], rest["totals"], rest["truncated"]) == ([], {"sales_fen": 5}, False)


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
async def test_a_query_that_is_too_heavy_is_refused_in_every_form(ask, feeds, figures, form):
    await feeds.apply_orders(envelopes(order_paid()))
    for client in figures.warehouse._clients:
        client.set_client_setting("max_memory_usage", 1)
    answer = await ask(dimensions=["product"], _format=form)
    assert (answer.status_code, answer.json()["code"]) == (503, "query-too-heavy")
    for client in figures.warehouse._clients:
        client.set_client_setting("max_memory_usage", 0)


@pytest.mark.parametrize("value", ["\x00", "'", "\\", "a\\'b", "\n\t", "{p0:String}", "苹果", "😀", "%", "\ud800"])
async def test_any_text_is_a_value_and_never_a_fault(ask, feeds, value):
    await feeds.apply_orders(envelopes(order_paid(sold_line(category="tea"))))
    answer = await ask(
        filters=[
            {"dimension": "category", "is_any_of": [value]},
            {"dimension": "designation", "is_any_of": [value]},
        ]
    )
    assert answer.status_code in {200, 422}, answer.text
    if answer.status_code == 200:
        assert answer.json()["totals"] == {"sales_fen": 0}


async def test_a_strange_category_is_found_by_its_own_name(ask, feeds):
    strange = 'it\'s \\ "a"\n\t{x}'
    await feeds.apply_orders(envelopes(order_paid(sold_line(category=strange, payable_fen=9)), order_paid()))
    selection = {"dimensions": ["category"], "filters": [{"dimension": "category", "is_any_of": [strange]}]}
    assert (await ask(**selection)).json()["rows"] == [{"category": strange, "category_name": strange, "sales_fen": 9}]
