"""From a question to a statement: names, values, periods, scope; no engine needed."""

from datetime import date
from uuid import UUID

import pytest

from analytics.query import rules
from analytics.query.rules import Filter, Order, Question, Scope
from shared.errors import Forbidden, Invalid

SUPPLIER = UUID(int=7)


@pytest.mark.parametrize(
    ("question", "field", "code"),
    [
        (Question(("profit",)), "measures.0", "name-unknown"),
        (Question(("orders", "orders")), "measures.1", "name-repeated"),
        (Question(("orders",), ("moon",)), "dimensions.0", "name-unknown"),
        (Question(("orders",), filters=(Filter("moon", ("1",)),)), "filters.0.dimension", "name-unknown"),
        (Question(("orders",), filters=(Filter("origin_city", ("52",)),)), "filters.0.is_any_of.0", "value-malformed"),
        (Question(("orders",), filters=(Filter("supplier", ("x",)),)), "filters.0.is_any_of.0", "value-malformed"),
        (
            Question(("orders",), filters=(Filter("month", ("2026-11", "2026-13")),)),
            "filters.0.is_any_of.1",
            "value-malformed",
        ),
        (Question(("orders",), order=(Order("sales_fen"),)), "order.0.by", "name-unknown"),
        (Question(("orders",), order=(Order("orders"), Order("orders"))), "order.1.by", "name-repeated"),
        (Question(("orders",), first=date(2026, 2, 1), last=date(2026, 1, 31)), "to", "period-empty"),
    ],
)
def test_what_cannot_be_answered_is_refused_where_it_is_wrong(question, field, code):
    with pytest.raises(Invalid) as refused:
        rules.ensure_answerable(question)
    assert (refused.value.field, refused.value.code) == (field, code)


@pytest.mark.parametrize(
    ("dimension", "value", "days"),
    [
        ("day", "2026-02-28", (date(2026, 2, 28), date(2026, 2, 28))),
        ("week", "2026-W01", (date(2025, 12, 29), date(2026, 1, 4))),
        ("week", "2026-W53", (date(2026, 12, 28), date(2027, 1, 3))),
        ("month", "2028-02", (date(2028, 2, 1), date(2028, 2, 29))),
        ("month", "2026-12", (date(2026, 12, 1), date(2026, 12, 31))),
    ],
)
def test_a_period_is_its_whole_days(dimension, value, days):
    assert rules.period_days(dimension, value) == days


@pytest.mark.parametrize(
    ("dimension", "value"),
    [
        ("day", "20260228"),
        ("day", "2026-02-30"),
        ("week", "2025-W53"),
        ("week", "2026-11"),
        ("month", "2026-00"),
        ("day", "0001-01-01"),
        ("month", "9999-12"),
        ("week", "9999-W52"),
        ("day", "1969-12-31"),
    ],
)
def test_what_is_no_period_is_refused(dimension, value):
    with pytest.raises((ValueError, OverflowError)):
        rules.period_days(dimension, value)


def test_a_range_of_days_is_half_open_instants_of_shanghai():
    question = Question(("orders",), first=date(2026, 11, 22), last=date(2026, 11, 22))
    statement = rules.totals_statement(question, Scope())
    assert "paid_at >= {p0:" in statement.sql
    assert "paid_at < {p1:" in statement.sql
    assert dict(statement.parameters) == {"p0": "2026-11-21 16:00:00.000", "p1": "2026-11-22 16:00:00.000"}


def test_no_value_of_a_request_is_part_of_the_sql():
    hostile = "x'); DROP TABLE sold_lines --"
    question = Question(
        ("orders",), ("designation",), (Filter("category", (hostile,)), Filter("designation", (hostile,)))
    )
    statement = rules.rows_statement(question, Scope(), limit=5, after=(3, hostile))
    assert hostile not in statement.sql
    assert hostile in repr(statement.parameters)


def test_the_scope_is_part_of_what_a_cache_sees():
    question = Question(("orders",), ("category",))
    scopes = [Scope(), Scope(("52",)), Scope(("53",)), Scope(supplier_id=SUPPLIER), Scope(organisation_id=SUPPLIER)]
    for statement in (rules.rows_statement, rules.totals_statement):
        assert len({statement(question, scope).key for scope in scopes}) == len(scopes)


def test_the_order_is_total():
    question = Question(("orders",), ("category", "mode"), order=(Order("mode", descending=True),))
    assert question.whole_order == (Order("mode", descending=True), Order("category"))
    assert Question(("orders",), ("category", "week")).whole_order[0] == Order("week")
    assert Question(("orders",), ("category",)).whole_order == (Order("orders", descending=True), Order("category"))


@pytest.mark.parametrize(
    ("caller", "scope"),
    [
        ({"kind": "operator"}, Scope()),
        ({"kind": "analyst"}, Scope()),
        ({"kind": "analyst", "regions": ("52",)}, Scope(region_prefixes=("52",))),
        ({"kind": "official", "regions": ("520300", "530000", "52")}, Scope(region_prefixes=("52", "5203", "53"))),
        ({"kind": "official", "regions": ("520326",)}, Scope(region_prefixes=("520326",))),
        ({"kind": "supplier", "organisation_id": SUPPLIER}, Scope(supplier_id=SUPPLIER)),
        ({"kind": "institution", "organisation_id": SUPPLIER}, Scope(organisation_id=SUPPLIER)),
    ],
)
def test_who_may_see_what(caller, scope):
    assert rules.scope_of(**{"organisation_id": None, "regions": (), **caller}) == scope


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        ({"kind": "consumer"}, "figures-not-allowed"),
        ({"kind": "carrier"}, "figures-not-allowed"),
        ({"kind": "service"}, "figures-not-allowed"),
        ({"kind": "something new"}, "figures-not-allowed"),
        ({"kind": "supplier"}, "figures-not-allowed"),
        ({"kind": "institution"}, "figures-not-allowed"),
        ({"kind": "official"}, "regions-missing"),
        ({"kind": "official", "regions": ("",)}, "regions-malformed"),
        ({"kind": "official", "regions": ("52", "5")}, "regions-malformed"),
        ({"kind": "official", "regions": ("000000",)}, "regions-malformed"),
    ],
)
def test_whoever_is_not_known_to_may_see_sees_nothing(caller, code):
    with pytest.raises(Forbidden) as refused:
        rules.scope_of(**{"organisation_id": None, "regions": (), **caller})
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "zh"), ("en", "en"), ("zh-CN,en;q=0.9", "zh"), ("en-GB,zh;q=0.5", "en"), ("fr", "zh"), ("en;q=x", "zh")],
)
def test_the_language_is_the_readers(header, language):
    assert rules.language_of(header) == language


@pytest.mark.parametrize(
    ("accept", "form"),
    [("*/*", "json"), ("text/csv", "csv"), ("application/vnd.apache.parquet;q=1, text/csv", "parquet"), ("", "json")],
)
def test_the_form_is_what_is_accepted(accept, form):
    assert rules.form_of(accept) == form
