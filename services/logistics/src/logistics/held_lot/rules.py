"""What may not leave: pieces of a held lot, and pieces of no named lot where one of the SKU's lots is held."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from shared.errors import Conflict, Invalid
from shared.trace_codes import is_trace_code


@dataclass(frozen=True, slots=True)
class Held:
    """A lot that must not be sent, and the SKUs that it is sold as."""

    code: str
    sku_ids: frozenset[UUID]
    reason: str
    is_recalled: bool


def ensure_codes(codes: Iterable[str]) -> None:
    """422 `trace-code-invalid` for a lot code with a wrong character."""
    for code in codes:
        if not is_trace_code(code):
            raise Invalid(
                f"{code} is not a trace code: compare it with the label, character by character.",
                code="trace-code-invalid",
                field="parcels",
                lot_code=code,
            )


def ensure_sendable(pieces: Collection[tuple[UUID, str]], held: Collection[Held]) -> None:
    """409 `lot-held` for pieces of a held lot; 409 `lot-code-needed` for pieces without a lot (an empty code) of a SKU
    of which a lot is held: they might be of that one."""
    by_code = {each.code: each for each in held}
    for _, code in sorted(pieces):
        if code in by_code:
            found = by_code[code]
            raise Conflict(
                f"Lot {code} is {'recalled' if found.is_recalled else 'held'} and must not leave: {found.reason}",
                code="lot-held",
                field="parcels",
                lot_code=code,
                is_recalled=found.is_recalled,
            )
    for sku_id, code in sorted(pieces):
        suspects = sorted(each.code for each in held if sku_id in each.sku_ids)
        if not code and suspects:
            raise Conflict(
                "A lot of these goods is held. Say which lot you send, so that it is not that one.",
                code="lot-code-needed",
                field="parcels",
                sku_id=str(sku_id),
                held_lots=suspects,
            )
