"""What an invoice must say to be paid: amount, rate, name, title; and how tax is parted from a price."""

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal
from uuid import UUID

from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as moved
from shared.uscc import is_uscc, normalised_uscc

InvoiceKind = Literal["VAT_SPECIAL", "VAT_ORDINARY", "E_INVOICE", "FARM_PURCHASE"]
InvoiceStatus = Literal["SUBMITTED", "ACCEPTED", "REJECTED", "WITHDRAWN"]
Field = Literal["amount", "line-amount", "rate", "exempt", "name", "title", "taxpayer-id", "kind"]
SUBMITTED, ACCEPTED, REJECTED, WITHDRAWN = "SUBMITTED", "ACCEPTED", "REJECTED", "WITHDRAWN"

# Invoices of an order are accepted together, by the sum; each is rejected alone.
MOVES: Moves = {
    "correct": (frozenset({SUBMITTED, REJECTED}), SUBMITTED),
    "reject": (frozenset({SUBMITTED}), REJECTED),
    "accept": (frozenset({SUBMITTED}), ACCEPTED),
    "withdraw": (frozenset({SUBMITTED, REJECTED}), WITHDRAWN),
}
STANDING: Final = frozenset({SUBMITTED, ACCEPTED})
BLOCKING: Final[frozenset[Field]] = frozenset({"amount", "exempt", "title", "taxpayer-id"})
"""What nobody may wave through; the rest a person may, with a reason."""
_CODED_DIGITS: Final = 8
_UNION: Final = "81"
_CATEGORY = re.compile(r"^\*[^*]*\*")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate that invoices may have. `any_line`: small-scale taxpayers use it for whatever they sell."""

    bp: int
    name: str
    any_line: bool
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class KindRule:
    """What holds for a kind of invoice."""

    kind: InvoiceKind
    digits: tuple[int, ...]
    may_be_exempt: bool
    for_union: bool
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it stands on the invoice; `rate_bp` is None where it is exempt (免税). `order_line_id` names what was
    bought, None for its delivery."""

    order_line_id: UUID | None
    name: str
    rate_bp: int | None
    gross_fen: int


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """The same with the tax parted."""

    line: Line
    net_fen: int
    tax_fen: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An invoice as the supplier types it."""

    kind: InvoiceKind
    code: str
    number: str
    issued_on: date
    title: str
    taxpayer_id: str
    gross_fen: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class OwedLine:
    """What was bought: the names that an invoice may give it, its rate by the catalogue (None: not told; 0: exempt),
    what is owed for its accepted pieces and its share of the delivery, which may stand on its line or on one of its
    own."""

    line_id: UUID
    names: tuple[str, ...]
    rate_bp: int | None
    payable_fen: int
    delivery_fen: int = 0


@dataclass(frozen=True, slots=True)
class Owed:
    """What the invoices of an order are held against. `taxpayer_id` is empty for a union whose code is not known."""

    payable_fen: int
    is_union: bool
    title: str
    taxpayer_id: str
    lines: tuple[OwedLine, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not agree, field by field; `number` is the invoice's, "" for all of them together."""

    field: Field
    number: str
    line_number: int | None
    expected: str
    found: str

    @property
    def is_blocking(self) -> bool:
        """Whether it must be put right before the invoice can be accepted."""
        return self.field in BLOCKING


@cache
def rates() -> dict[int, Rate]:
    """All rates by basis points (invoice_rules.toml)."""
    return {each["bp"]: Rate(**each) for each in _data()["rate"]}


@cache
def kinds() -> dict[str, KindRule]:
    """What holds for each kind (invoice_rules.toml)."""
    return {each["kind"]: KindRule(**{**each, "digits": tuple(each["digits"])}) for each in _data()["kind"]}


@cache
def _data() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((files(__package__) / "invoice_rules.toml").read_text(encoding="utf-8"))


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `invoice-status`."""
    return moved(MOVES, verb, status, noun="invoice", called="an invoice")


def part_tax(lines: Sequence[Line]) -> tuple[TaxedLine, ...]:
    """Net and tax of each line. Of lines with one rate the net sum is rounded once, half a fen up, and what rounding
    leaves over goes to the last of them; an exempt line is all net."""
    last = {line.rate_bp: place for place, line in enumerate(lines)}
    left = {bp: net_fen(sum(each.gross_fen for each in lines if each.rate_bp == bp), bp) for bp in last}
    taxed = []
    for place, line in enumerate(lines):
        bp = line.rate_bp
        # A last line that could not take the remainder (it is of a few fen) takes what it can.
        net = max(0, min(left[bp] if place == last[bp] else net_fen(line.gross_fen, bp), line.gross_fen))
        left[bp] -= net
        taxed.append(TaxedLine(line, net, line.gross_fen - net))
    return tuple(taxed)


def net_fen(gross_fen: int, rate_bp: int | None) -> int:
    """The price without tax, half a fen rounded up."""
    whole = 10_000 + (rate_bp or 0)
    return (2 * gross_fen * 10_000 + whole) // (2 * whole)


def checked_entry(entry: Entry, *, today: date) -> Entry:
    """The entry in its form: code and taxpayer's id without blanks.

    422 `invoice-number-form`, `invoice-code-form`, `invoice-day-future`, `invoice-sums-differ`, `taxpayer-id-invalid`,
    `tax-rate-unknown`.
    """
    allowed = kinds()[entry.kind].digits
    if not entry.number.isascii() or not entry.number.isdigit() or len(entry.number) not in allowed:
        raise Invalid(
            f"A number of this kind of invoice has {' or '.join(map(str, allowed))} digits.",
            code="invoice-number-form",
            field="number",
            digits=list(allowed),
        )
    has_code = entry.code.isascii() and entry.code.isdigit() and len(entry.code) in (10, 12)
    if has_code != (len(entry.number) == _CODED_DIGITS) or (entry.code and not has_code):
        raise Invalid(
            "A number of 8 digits has a code of 10 or 12 digits; one of 20 digits has none.",
            code="invoice-code-form",
            field="code",
        )
    if entry.issued_on > today:
        raise Invalid("An invoice is not dated in the future.", code="invoice-day-future", field="issued_on")
    taxpayer_id = normalised_uscc(entry.taxpayer_id)
    if not is_uscc(taxpayer_id):
        raise Invalid("This is not a unified social credit code.", code="taxpayer-id-invalid", field="taxpayer_id")
    for place, line in enumerate(entry.lines):
        if line.rate_bp is not None and line.rate_bp not in rates():
            raise Invalid(
                "There is no such rate.",
                code="tax-rate-unknown",
                field=f"lines.{place}.rate_bp",
                known=sorted(rates()),
            )
    total = sum(line.gross_fen for line in entry.lines)
    if total != entry.gross_fen:
        raise Invalid(
            "The lines do not come to the invoice's total.",
            code="invoice-sums-differ",
            field="gross_fen",
            lines_fen=total,
        )
    return Entry(
        entry.kind, entry.code, entry.number, entry.issued_on, entry.title, taxpayer_id, entry.gross_fen, entry.lines
    )


def ensure_lines_known(lines: Iterable[Line], owed: Owed) -> None:
    """422 `invoice-line-unknown` for a line that names nothing of this order."""
    known = {each.line_id for each in owed.lines}
    for place, line in enumerate(lines):
        if line.order_line_id is not None and line.order_line_id not in known:
            raise Invalid(
                "This line is none of the order's.",
                code="invoice-line-unknown",
                field=f"lines.{place}.order_line_id",
            )


def differences(entries: Sequence[Entry], owed: Owed) -> list[Difference]:
    """What does not agree between the invoices that stand and what is owed; first the amount, then invoice by invoice
    in the order given."""
    found = []
    total = sum(entry.gross_fen for entry in entries)
    if total != owed.payable_fen:
        found.append(Difference("amount", "", None, str(owed.payable_fen), str(total)))
    found += _line_amounts(entries, owed)
    for entry in entries:
        found += _of_invoice(entry, owed)
    return found


def _line_amounts(entries: Sequence[Entry], owed: Owed) -> Iterable[Difference]:
    sums: dict[UUID | None, int] = {}
    for entry in entries:
        for line in entry.lines:
            sums[line.order_line_id] = sums.get(line.order_line_id, 0) + line.gross_fen
    for place, wanted in enumerate(owed.lines, 1):
        got = sums.get(wanted.line_id, 0)
        if got not in (wanted.payable_fen, wanted.payable_fen + wanted.delivery_fen):
            yield Difference("line-amount", "", place, str(wanted.payable_fen), str(got))


def _of_invoice(entry: Entry, owed: Owed) -> Iterable[Difference]:
    if folded(entry.title) != folded(owed.title):
        yield Difference("title", entry.number, None, owed.title, entry.title)
    if not _is_taxpayer(entry.taxpayer_id, owed):
        yield Difference("taxpayer-id", entry.number, None, owed.taxpayer_id or f"{_UNION}…", entry.taxpayer_id)
    rule = kinds()[entry.kind]
    if owed.is_union and not rule.for_union:
        yield Difference("kind", entry.number, None, "VAT_ORDINARY", entry.kind)
    wanted = {each.line_id: each for each in owed.lines}
    for place, line in enumerate(entry.lines, 1):
        if line.rate_bp is None and not rule.may_be_exempt:
            yield Difference("exempt", entry.number, place, "VAT_ORDINARY", entry.kind)
        if line.order_line_id is None:
            continue
        bought = wanted[line.order_line_id]
        if not _is_rate_of(line, bought):
            expected = "EXEMPT" if bought.rate_bp == 0 else str(bought.rate_bp)
            yield Difference("rate", entry.number, place, expected, str(line.rate_bp or "EXEMPT"))
        if folded(_CATEGORY.sub("", line.name)) not in {folded(name) for name in bought.names}:
            yield Difference("name", entry.number, place, bought.names[0], line.name)


def _is_taxpayer(taxpayer_id: str, owed: Owed) -> bool:
    return taxpayer_id == owed.taxpayer_id if owed.taxpayer_id else taxpayer_id.startswith(_UNION)


def _is_rate_of(line: Line, bought: OwedLine) -> bool:
    if bought.rate_bp is None:
        return True
    if line.rate_bp is None:
        return bought.rate_bp == 0
    return line.rate_bp == bought.rate_bp or rates()[line.rate_bp].any_line


def folded(name: str) -> str:
    """A name for comparing: full-width forms as plain ones, no blanks, lower case."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", name)).lower()


def ensure_acceptable(found: Collection[Difference], *, reason: str) -> None:
    """409 `invoices-differ` for what must be put right; 422 `reason-missing` for what needs a word why it is let
    through."""
    if any(each.is_blocking for each in found):
        raise Conflict(
            "The invoices do not agree with what is owed. Reject them with the reason.",
            code="invoices-differ",
            fields=sorted({each.field for each in found if each.is_blocking}),
        )
    if found and not reason:
        raise Invalid("Say why these differences are let through.", code="reason-missing", field="reason")
