"""Signing and invoices."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gift_handout import rules
from orders.gift_handout.rules import InvoiceLine, Signing, SoldPackage
from shared.errors import Invalid

SUPPLIER = uuid4()


def sold(name: str, gross_fen: int, *, rate_bp: int | None = 900, is_exempt: bool = False) -> SoldPackage:
    return SoldPackage(SUPPLIER, "大山合作社", name, 3, rate_bp, is_exempt, gross_fen)


def test_a_proxy_has_a_name_and_a_relation_or_there_is_none():
    rules.ensure_complete(Signing())
    rules.ensure_complete(Signing("王同事", "同科室"))
    for half in (Signing("王同事"), Signing(relation="配偶")):
        with pytest.raises(Invalid) as refused:
            rules.ensure_complete(half)
        assert refused.value.code == "proxy-incomplete"


def test_an_invoice_is_split_by_rate_and_named_as_the_packages_are():
    lines = rules.invoice_lines(
        [sold("套餐1", 10_900), sold("套餐2", 10_000, is_exempt=True), sold("套餐1", 11_300, rate_bp=1300)]
    )
    assert lines == [
        InvoiceLine("套餐1", 3, 900, False, 10_000, 900, 10_900),
        InvoiceLine("套餐2", 3, 900, True, 10_000, 0, 10_000),
        InvoiceLine("套餐1", 3, 1300, False, 10_000, 1_300, 11_300),
    ]


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=6), st.sampled_from([0, 300, 600, 900, 1300]))
def test_lines_add_up_to_what_the_rate_makes_of_the_sum(amounts: list[int], rate_bp: int):
    lines = rules.invoice_lines([sold(f"套餐{n}", fen, rate_bp=rate_bp) for n, fen in enumerate(amounts)])
    assert sum(each.gross_fen for each in lines) == sum(amounts)
    assert sum(each.net_fen for each in lines) == rules.net_of(sum(amounts), rate_bp)
    assert all(each.net_fen + each.tax_fen == each.gross_fen for each in lines)
