"""Requests for quotation (询价): who may do what when, what a bid must hold, and how bids compare."""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final, Literal
from uuid import UUID

from orders.sku.rules import SaleSku, unsellable_reason
from shared.clock import business_day
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.moves import Moves
from shared.moves import status_after as _status_after

MOVES: Moves = {
    "edit": (frozenset({"DRAFT"}), "DRAFT"),
    "publish": (frozenset({"DRAFT"}), "OPEN"),
    "extend": (frozenset({"OPEN"}), "OPEN"),
    "open": (frozenset({"OPEN"}), "OPENED"),
    "award": (frozenset({"OPENED"}), "AWARDED"),
    "cancel": (frozenset({"DRAFT", "OPEN", "OPENED"}), "CANCELLED"),
}
BID_MOVES: Moves = {
    "replace": (frozenset({"SEALED", "WITHDRAWN"}), "SEALED"),
    "withdraw": (frozenset({"SEALED"}), "WITHDRAWN"),
    "open": (frozenset({"SEALED"}), "OPENED"),
    "win": (frozenset({"OPENED"}), "WON"),
    "win_in_part": (frozenset({"OPENED"}), "PARTLY_WON"),
    "lose": (frozenset({"OPENED"}), "LOST"),
}
"""A bid begins SEALED; nobody but its supplier reads it before it is opened."""

WHOLE_BP: Final = 10_000
FileKind = Literal["SAMPLE_REPORT", "CERTIFICATE", "LETTER", "OTHER"]
"""What may stand beside a bid."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What `quotation.toml` says."""

    least_suppliers: int
    least_bids: int
    reason_characters: int
    dearer_reason_characters: int
    other_person_from_fen: int
    late_after: timedelta
    least_open: timedelta
    most_open: timedelta
    most_lines: int
    most_suppliers: int
    most_files: int
    most_file_bytes: int
    file_types: frozenset[str]


@cache
def figures() -> Figures:
    """The figures that hold."""
    told = tomllib.loads((files(__package__) / "quotation.toml").read_text(encoding="utf-8"))
    award, time, attached = told["award"], told["time"], told["attachments"]
    return Figures(
        told["invitation"]["least_suppliers"],
        told["opening"]["least_bids"],
        award["reason_characters"],
        award["dearer_reason_characters"],
        award["other_person_from_fen"],
        timedelta(days=award["late_after_days"]),
        timedelta(minutes=time["least_open_minutes"]),
        timedelta(days=time["most_open_days"]),
        time["most_lines"],
        time["most_suppliers"],
        attached["most_files"],
        attached["most_bytes"],
        frozenset(attached["media_types"]),
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line that a unit asks for: a SKU, or a specification in words. The goods of a SKU come in its pieces."""

    sku_id: UUID | None
    description: str
    quantity: int
    unit: str
    origin_county_code: str
    certificates: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a bid offers for one line: so many pieces of a SKU at a price that includes the delivery."""

    line_id: UUID
    sku_id: UUID
    piece_count: int
    unit_price_fen: int

    @property
    def amount_fen(self) -> int:
        """What the line costs, delivered."""
        return self.piece_count * self.unit_price_fen


@dataclass(frozen=True, slots=True)
class Bid:
    """What is under the seal."""

    offers: tuple[Offer, ...]
    promised_on: date
    note: str
    warranty_days: int | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One opened bid: its total, whether it offers every line, and how much dearer than the cheapest whole bid."""

    bid_id: UUID
    total_fen: int
    is_whole: bool
    is_cheapest: bool
    above_bp: int | None


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One offer for one line, and how much dearer than the cheapest for it."""

    bid_id: UUID
    line_id: UUID
    amount_fen: int
    is_cheapest: bool
    above_bp: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The sheet (比价表): bids by total, offers by line."""

    bids: tuple[Compared, ...]
    lines: tuple[ComparedLine, ...]


@dataclass(frozen=True, slots=True)
class Pick:
    """This line goes to this bid."""

    line_id: UUID
    bid_id: UUID


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `quotation-status` if it does not lead on from here."""
    return _status_after(MOVES, verb, status, noun="quotation")


def bid_status_after(verb: str, status: str) -> str:
    """Where the verb leads a bid; 409 `quotation-bid-status`."""
    return _status_after(BID_MOVES, verb, status, noun="quotation-bid", called="a bid")


def ensure_deadline(closes_at: datetime, now: datetime) -> None:
    """422 `deadline-too-near` or `deadline-too-far`."""
    bounds = figures()
    if closes_at < now + bounds.least_open:
        raise Invalid("Leave suppliers more time.", code="deadline-too-near", field="closes_at")
    if closes_at > now + bounds.most_open:
        raise Invalid(
            f"At most {bounds.most_open.days} days ahead.",
            code="deadline-too-far",
            field="closes_at",
            most_days=bounds.most_open.days,
        )


def ensure_delivery(deliver_from: datetime, deliver_until: datetime, closes_at: datetime) -> None:
    """422 `delivery-before-deadline` unless the goods come after the deadline, and from before until."""
    if not closes_at <= deliver_from < deliver_until:
        raise Invalid(
            "The goods come after the deadline, within a span of time.",
            code="delivery-before-deadline",
            field="deliver_from",
        )


def ensure_enough_suppliers(supplier_ids: Collection[UUID]) -> None:
    """422 `suppliers-too-few` with what is needed."""
    needed = figures().least_suppliers
    if len(set(supplier_ids)) < needed:
        raise Invalid(
            f"Invite at least {needed} suppliers.", code="suppliers-too-few", field="supplier_ids", needed=needed
        )


def ensure_taking_bids(status: str, closes_at: datetime, now: datetime) -> None:
    """409 `quotation-status` unless it is open, `quotation-closed` from the deadline on: nothing changes under the
    seal after it."""
    if status != "OPEN":
        raise Conflict("It takes no bids.", code="quotation-status", status_now=status, status_needed=["OPEN"])
    if now >= closes_at:
        raise Conflict("The deadline is over.", code="quotation-closed", closed_at=closes_at.isoformat())


def ensure_bid(
    bid: Bid, lines: Mapping[UUID, Wanted], skus: Mapping[UUID, SaleSku], *, supplier_id: UUID, now: datetime
) -> None:
    """A bid that could become an order: own SKUs on sale, each once, for lines that were asked for.

    422 `line-unknown`, `line-offered-twice`, `sku-offered-twice`, `sku-not-yours`, `sku-not-sellable`, `sku-differs`,
    `quantity-differs`, `promised-day-passed`.
    """
    if bid.promised_on < business_day(now):
        raise Invalid("Promise a day to come.", code="promised-day-passed", field="promised_on")
    for name, told in (("line", [each.line_id for each in bid.offers]), ("sku", [each.sku_id for each in bid.offers])):
        if len(set(told)) != len(told):
            raise Invalid(f"Each {name} once.", code=f"{name}-offered-twice", field="offers")
    for offer in bid.offers:
        wanted, sku = lines.get(offer.line_id), skus.get(offer.sku_id)
        if wanted is None:
            raise Invalid("Nobody asked for this line.", code="line-unknown", field="line_id")
        if sku is None or sku.supplier_id != supplier_id:
            raise Invalid("Offer one of your own.", code="sku-not-yours", field="sku_id", line_id=str(offer.line_id))
        if reason := unsellable_reason(sku, now):
            raise Invalid(
                "It is not on sale now.", code="sku-not-sellable", field="sku_id", reason=reason, sku_id=str(sku.sku_id)
            )
        if wanted.sku_id is not None and offer.piece_count != wanted.quantity:
            raise Invalid("So many pieces as are asked for.", code="quantity-differs", field="piece_count")
        if wanted.sku_id is not None and supplier_sells(skus, wanted.sku_id, supplier_id):
            _ensure_same(offer.sku_id, wanted.sku_id)


def supplier_sells(skus: Mapping[UUID, SaleSku], sku_id: UUID, supplier_id: UUID) -> bool:
    """Whether the SKU that the unit named is this supplier's own: others offer their like of it."""
    return sku_id in skus and skus[sku_id].supplier_id == supplier_id


def _ensure_same(offered: UUID, wanted: UUID) -> None:
    if offered != wanted:
        raise Invalid("The unit asked for this very SKU of yours.", code="sku-differs", field="sku_id")


def ensure_may_open(*, closes_at: datetime, now: datetime, bid_count: int, reason: str) -> None:
    """409 `quotation-sealed` before the deadline, `quotation-without-bids` if there is nothing to open; 422
    `few-bids-reason-missing` unless one says why one goes on with too few."""
    if now < closes_at:
        raise Conflict(
            "Sealed until the deadline, for everybody.", code="quotation-sealed", closes_at=closes_at.isoformat()
        )
    if bid_count == 0:
        raise Conflict("Nobody made a bid: extend it or call it off.", code="quotation-without-bids")
    if bid_count < figures().least_bids and len(reason) < figures().reason_characters:
        raise Invalid(
            f"Fewer than {figures().least_bids} bids: say why you go on.",
            code="few-bids-reason-missing",
            field="reason",
            bid_count=bid_count,
        )


def ensure_may_extend(*, closes_at: datetime, now: datetime, bid_count: int, extension_count: int) -> None:
    """409 `quotation-sealed` before the deadline, `bids-enough`, `extended-already`."""
    if now < closes_at:
        raise Conflict("The deadline is still to come.", code="quotation-sealed", closes_at=closes_at.isoformat())
    if bid_count >= figures().least_bids:
        raise Conflict("There are enough bids: open them.", code="bids-enough")
    if extension_count:
        raise Conflict("It was extended already.", code="extended-already")


def compare(line_ids: Sequence[UUID], bids: Mapping[UUID, Sequence[Offer]]) -> Comparison:
    """Who is cheapest for each line, and as a whole among those who offer every line. Equals are cheapest together."""
    cheapest = {
        line_id: min(offer.amount_fen for offers in bids.values() for offer in offers if offer.line_id == line_id)
        for line_id in line_ids
        if any(offer.line_id == line_id for offers in bids.values() for offer in offers)
    }
    totals = {bid_id: sum(offer.amount_fen for offer in offers) for bid_id, offers in bids.items()}
    whole = {bid_id for bid_id, offers in bids.items() if {each.line_id for each in offers} == set(line_ids)}
    least = min((totals[each] for each in whole), default=None)
    return Comparison(
        bids=tuple(
            Compared(
                bid_id,
                totals[bid_id],
                bid_id in whole,
                bid_id in whole and totals[bid_id] == least,
                above_bp(totals[bid_id], least) if bid_id in whole and least is not None else None,
            )
            for bid_id in sorted(bids, key=lambda each: (each not in whole, totals[each], str(each)))
        ),
        lines=tuple(
            ComparedLine(
                bid_id,
                offer.line_id,
                offer.amount_fen,
                offer.amount_fen == cheapest[offer.line_id],
                above_bp(offer.amount_fen, cheapest[offer.line_id]),
            )
            for bid_id, offers in bids.items()
            for offer in offers
        ),
    )


def above_bp(amount_fen: int, least_fen: int) -> int:
    """By how much an amount is above the least, in basis points, half up."""
    return (2 * (amount_fen - least_fen) * WHOLE_BP + least_fen) // (2 * least_fen)


def is_in_time(promised_on: date, deliver_until: datetime) -> bool:
    """Whether the goods are promised for before the span of delivery ends."""
    return promised_on <= business_day(deliver_until)


def is_cheapest_choice(picks: Sequence[Pick], comparison: Comparison, line_ids: Sequence[UUID]) -> bool:
    """Line by line the cheapest, or everything to the cheapest of the whole bids."""
    cheapest = {(each.line_id, each.bid_id) for each in comparison.lines if each.is_cheapest}
    if all((each.line_id, each.bid_id) in cheapest for each in picks):
        return True
    winners = {each.bid_id for each in picks}
    best = {each.bid_id for each in comparison.bids if each.is_cheapest}
    return len(winners) == 1 and winners <= best and {each.line_id for each in picks} == set(line_ids)


def awarded_fen(picks: Sequence[Pick], comparison: Comparison) -> int:
    """What the picked offers cost. 422 `pick-unknown` for what nobody offers, `line-picked-twice`."""
    amounts = {(each.line_id, each.bid_id): each.amount_fen for each in comparison.lines}
    if len({each.line_id for each in picks}) != len(picks):
        raise Invalid("Each line goes to one bid.", code="line-picked-twice", field="picks")
    for each in picks:
        if (each.line_id, each.bid_id) not in amounts:
            raise Invalid("This bid does not offer this line.", code="pick-unknown", field="picks")
    return sum(amounts[each.line_id, each.bid_id] for each in picks)


def ensure_award_reason(reason: str, *, is_cheapest: bool) -> None:
    """422 `award-reason-too-short`: a word always, and a sentence for what is not the cheapest."""
    needed = figures().reason_characters if is_cheapest else figures().dearer_reason_characters
    if len(reason) < needed:
        raise Invalid(
            f"Say why, in at least {needed} characters.",
            code="award-reason-too-short",
            field="reason",
            needed=needed,
            is_cheapest=is_cheapest,
        )


def ensure_other_person(*, opened_by: UUID | None, awarded_by: UUID, amount_fen: int) -> None:
    """403 `own-opening`: above the limit whoever opened does not award."""
    if opened_by == awarded_by and amount_fen >= figures().other_person_from_fen:
        raise Forbidden(
            "You opened the bids: another person of your unit awards.",
            code="own-opening",
            limit_fen=figures().other_person_from_fen,
        )


def verb_of_outcome(offered: Collection[UUID], won: Collection[UUID]) -> str:
    """What becomes of a bid of which these lines won."""
    if not won:
        return "lose"
    return "win" if set(won) == set(offered) else "win_in_part"


def ensure_attachable(bid_status: str | None, *, file_count: int) -> None:
    """409 `quotation-bid-status` unless there is a bid under the seal, `bid-files-full`."""
    if bid_status != "SEALED":
        raise Conflict(
            "Attachments stand beside a bid: bid first.",
            code="quotation-bid-status",
            status_now=bid_status,
            status_needed=["SEALED"],
        )
    if file_count >= figures().most_files:
        raise Conflict("Remove one first.", code="bid-files-full", most=figures().most_files)


def file_unknown() -> NotFound:
    """The refusal of an attachment that does not exist, or not for this caller, or not yet."""
    return NotFound("There is no such attachment.", code="bid-file-unknown", field="file_id")


def quotation_unknown() -> NotFound:
    """The refusal of one that does not exist, or not for this caller."""
    return NotFound("There is no such request for quotation.", code="quotation-unknown", field="quotation_id")
