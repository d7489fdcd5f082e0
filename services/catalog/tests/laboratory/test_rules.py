"""Where a laboratory's reports count."""

from datetime import date

import pytest

from catalog.laboratory.data import Agreement, agreements, cma_form
from catalog.laboratory.rules import Recognition, ensure_cma_number, recognised_by
from shared.errors import Invalid

DAY = date(2026, 11, 22)
NORTH = Agreement("京津冀", ("110000", "130000"), date(2020, 1, 1), "示范", "low", until_on=date(2026, 11, 22))


def basis(home, county, *, day=DAY, single=()):
    return recognised_by(home, county, day, agreements=[NORTH], single=single)


def test_reports_count_in_the_own_province():
    assert basis("610100", "610629") == "own-province"
    assert basis("610100", "420325") == ""


def test_an_agreement_binds_its_regions_while_it_holds():
    assert basis("110105", "130624") == "京津冀"
    assert basis("110105", "130624", day=date(2026, 11, 23)) == ""
    assert basis("110105", "130624", day=date(2019, 12, 31)) == ""
    assert basis("110105", "610629") == ""


def test_a_single_recognition_holds_in_its_region_and_days():
    single = [Recognition("610600", date(2026, 1, 1), date(2026, 11, 22))]
    assert basis("430100", "610629", single=single) == "listed"
    assert basis("430100", "610729", single=single) == ""
    assert basis("430100", "610629", single=single, day=date(2026, 11, 23)) == ""


@pytest.mark.parametrize("number", ["61000012034", "6100001203456", "A10000120345", ""])
def test_a_cma_number_has_its_form(number):
    ensure_cma_number("610000120345", cma_form())
    with pytest.raises(Invalid) as refused:
        ensure_cma_number(number, cma_form())
    assert refused.value.code == "cma-number-invalid"


def test_every_agreement_names_its_source_and_how_sure_we_are():
    assert all(each.source and each.confidence in {"high", "medium", "low"} for each in agreements())
    assert all(len(each.regions) > 1 for each in agreements())
