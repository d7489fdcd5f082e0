"""Certificates: the forms of their numbers, and when one counts."""

import re
from dataclasses import dataclass
from datetime import date

from shared.errors import Invalid

CERTIFICATE_FORMS: dict[str, tuple[str, re.Pattern[str], str]] = {
    "green_food": ("绿色食品", re.compile(r"LB-\d{2}-\d{10,11}A{1,2}"), "LB-15-19012700330A"),
    "organic": ("有机产品", re.compile(r"\d{17}|\d{3}OP\d{7,10}"), "17 digits, or 123OP1900001"),
    "geographical_indication": (
        "农产品地理标志",
        re.compile(r"AGI\d{4}-\d{2}-\d{5}|\d{6,10}"),
        "AGI2008-01-00012, or the mark's digits",
    ),
    "conformity": ("承诺达标合格证", re.compile(r"[0-9A-Za-z-]{6,40}"), "6 to 40 letters, digits and hyphens"),
    "sc_licence": ("食品生产许可", re.compile(r"SC\d{14}"), "SC and 14 digits"),
    "test_report": ("检测报告", re.compile(r"[0-9A-Za-z./-]{4,40}"), "4 to 40 letters, digits, . / and -"),
}
"""Types of certificate: Chinese name, form of the number, an example for who gets it wrong."""


@dataclass(frozen=True)
class Proof:
    """A certificate as a value: `valid_until` is the last day on which it counts, None for no end."""

    type: str
    number: str
    valid_until: date | None = None


def ensure_certificates(certificates: list[Proof]) -> None:
    """422 `certificate-number-invalid` for a number not of its type's form, `certificate-repeated` for one twice."""
    seen: set[tuple[str, str]] = set()
    for place, certificate in enumerate(certificates):
        _, form, example = CERTIFICATE_FORMS[certificate.type]
        if form.fullmatch(certificate.number) is None:
            raise Invalid(
                f"{certificate.number!r} is not the number of such a certificate; it looks like this: {example}.",
                code="certificate-number-invalid",
                field=f"certificates.{place}.number",
            )
        key = (certificate.type, certificate.number)
        if key in seen:
            raise Invalid(
                "This certificate is given twice.", code="certificate-repeated", field=f"certificates.{place}"
            )
        seen.add(key)


def is_in_force(certificate: Proof, day: date) -> bool:
    """Whether the certificate counts on that day."""
    return certificate.valid_until is None or day <= certificate.valid_until
