"""Handing gifts out at the unit: who signs for whom, and what the supplier's invoice must say."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shared.errors import Invalid


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs. Empty: each member for themselves; else a proxy (代领), with how they belong together."""

    by: str = ""
    relation: str = ""


def ensure_complete(signing: Signing) -> None:
    """422 `proxy-incomplete`: a proxy has a name and a relation, or there is none."""
    if bool(signing.by) != bool(signing.relation):
        raise Invalid(
            "Name the proxy and how they belong together, or neither.", code="proxy-incomplete", field="proxy_relation"
        )


@dataclass(frozen=True, slots=True)
class SoldPackage:
    """Goods of one tax rate in one package of one supplier, for all who took it. `rate_bp` None: nobody said."""

    supplier_id: UUID
    supplier_name: str
    package_name: str
    package_count: int
    rate_bp: int | None
    is_exempt: bool
    gross_fen: int


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line of an invoice: named as the package is, as the rules of unions want it, with its net and its tax."""

    package_name: str
    package_count: int
    rate_bp: int | None
    is_exempt: bool
    net_fen: int
    tax_fen: int
    gross_fen: int


def net_of(gross_fen: int, rate_bp: int) -> int:
    """round(gross / (1 + rate)), half up."""
    divisor = 10_000 + rate_bp
    return (2 * gross_fen * 10_000 + divisor) // (2 * divisor)


def invoice_lines(sold: Iterable[SoldPackage]) -> list[InvoiceLine]:
    """One line a package and rate. The net of a rate is that of its sum; what rounding leaves over is on the last line
    of the rate, so that the lines add up to what the tax office works out."""
    lines: list[InvoiceLine] = []
    by_rate: dict[tuple[int | None, bool], list[SoldPackage]] = {}
    for each in sold:
        by_rate.setdefault((each.rate_bp, each.is_exempt), []).append(each)
    for (rate_bp, is_exempt), packages in by_rate.items():
        rate = 0 if is_exempt or rate_bp is None else rate_bp
        rest = net_of(sum(each.gross_fen for each in packages), rate)
        for number, each in enumerate(packages, start=1):
            net = rest if number == len(packages) else net_of(each.gross_fen, rate)
            rest -= net
            lines.append(
                InvoiceLine(
                    each.package_name,
                    each.package_count,
                    rate_bp,
                    is_exempt,
                    net,
                    each.gross_fen - net,
                    each.gross_fen,
                )
            )
    return lines
