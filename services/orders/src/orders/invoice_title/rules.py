"""To whom an invoice is made out (发票抬头), and until when that may be changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.errors import Conflict, Invalid
from shared.uscc import is_uscc, normalised_uscc

PERSONAL, ENTERPRISE, UNIT = "PERSONAL", "ENTERPRISE", "UNIT"
ENTRIES_MAXIMUM = 20


@dataclass(frozen=True, slots=True)
class InvoiceTitle:
    """A person, an enterprise or a unit (单位: a school, an office) to which an e-invoice is made out and sent."""

    kind: str
    name: str
    taxpayer_id: str
    email: str


def checked_title(title: InvoiceTitle) -> InvoiceTitle:
    """The title as it is kept: the taxpayer's id in its form. An enterprise has one, a unit may, a person has none.

    Invalid `taxpayer-id-missing`, `taxpayer-id-invalid`, `taxpayer-id-unneeded`.
    """
    taxpayer_id = normalised_uscc(title.taxpayer_id)
    if title.kind == PERSONAL and taxpayer_id:
        raise Invalid(
            "An invoice to a person names no taxpayer's id.", code="taxpayer-id-unneeded", field="taxpayer_id"
        )
    if title.kind == ENTERPRISE and not taxpayer_id:
        raise Invalid("An enterprise has a taxpayer's id.", code="taxpayer-id-missing", field="taxpayer_id")
    if taxpayer_id and not is_uscc(taxpayer_id):
        raise Invalid(
            "This is not a unified social credit code: 18 characters, the last one checks the others.",
            code="taxpayer-id-invalid",
            field="taxpayer_id",
        )
    return InvoiceTitle(title.kind, title.name, taxpayer_id, title.email)


def ensure_room(count: int) -> None:
    """Conflict `invoice-book-full` if the book holds as many as it may."""
    if count >= ENTRIES_MAXIMUM:
        raise Conflict(
            f"Your book holds {ENTRIES_MAXIMUM} invoice titles. Remove one that you no longer use.",
            code="invoice-book-full",
            maximum=ENTRIES_MAXIMUM,
        )


def ensure_open(status: str, fulfilments: Sequence[str], left: Collection[str]) -> None:
    """Conflict `invoice-title-closed` once anything has left its supplier, or the order is cancelled."""
    if status == "CANCELLED" or not set(fulfilments).isdisjoint(left):
        raise Conflict(
            "The invoice is being made out: its title stays as it is.", code="invoice-title-closed", order_status=status
        )


def next_default(remaining: Sequence[UUID], default: UUID | None) -> UUID | None:
    """Which one is the default now: the old one while it is there, else the one used last (the first of them)."""
    if default in remaining:
        return default
    return remaining[0] if remaining else None
