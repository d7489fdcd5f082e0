"""Certificates: numbers and validity."""

from datetime import date, timedelta

import pytest

from catalog.certificate.rules import Proof, ensure_certificates, is_in_force, reminder_due
from shared.errors import Invalid


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("green_food", "LB-15-19012700330A"),
        ("green_food", "LB-50-1703081720AA"),
        ("organic", "14926669187263268"),
        ("organic", "123OP1900001"),
        ("geographical_indication", "AGI2011-01-92119"),
        ("conformity", "HG1306242610033082"),
        ("sc_licence", "SC11613062478043"),
    ],
)
def test_a_number_of_its_type_is_taken(kind, number):
    ensure_certificates([Proof(kind, number)])


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("green_food", "LB-15-19012700330"),
        ("green_food", "GF4303811900001"),
        ("organic", "1492666918726326"),
        ("geographical_indication", "AGI11-01-92119"),
        ("sc_licence", "SC1161306247804"),
        ("sc_licence", "QS11613062478043"),
        ("conformity", "合格"),
    ],
)
def test_a_number_of_another_form_is_refused(kind, number):
    with pytest.raises(Invalid) as refused:
        ensure_certificates([Proof("conformity", "HG130624"), Proof(kind, number)])
    assert (refused.value.code, refused.value.field) == ("certificate-number-invalid", "certificates.1.number")


def test_a_certificate_is_given_once():
    with pytest.raises(Invalid) as refused:
        ensure_certificates([Proof("sc_licence", "SC11613062478043")] * 2)
    assert refused.value.code == "certificate-repeated"


def test_a_certificate_counts_on_its_last_day():
    proof = Proof("organic", "123OP1900001", date(2026, 11, 22))
    assert is_in_force(proof, date(2026, 11, 22))
    assert not is_in_force(proof, date(2026, 11, 23))
    assert is_in_force(Proof("organic", "123OP1900001"), date(2999, 1, 1))


@pytest.mark.parametrize(
    ("left", "mark"), [(31, None), (30, 30), (8, 30), (7, 7), (1, 7), (0, 7), (-1, None), (400, None)]
)
def test_a_reminder_is_the_nearest_mark_that_was_reached(left, mark):
    assert reminder_due(date(2026, 12, 1) + timedelta(days=left), date(2026, 12, 1), (30, 7)) == mark


def test_what_has_no_end_is_not_reminded_of():
    assert reminder_due(None, date(2026, 12, 1), (30, 7)) is None
