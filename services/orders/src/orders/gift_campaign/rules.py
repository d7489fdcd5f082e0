"""Holiday gifts of a union: what a plan may say, what a package may hold, and which step follows which."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from orders.approval.rules import UnionTier
from orders.gift_campaign import policy
from orders.sku.rules import SaleSku, unit_price_fen, unsellable_reason
from shared.clock import business_day
from shared.errors import Conflict, Invalid
from shared.moves import Moves
from shared.moves import status_after as _status_after

Mode = Literal["WHOLE_LOT", "CLAIM_CODE", "MIXED"]
UnclaimedRule = Literal["DEFAULT_PACKAGE", "RELEASE"]
PaperKind = Literal[
    "MINUTES",
    "GROUP",
    "QUOTE",
    "CHAIR",
    "COMPETITION",
    "CONTRACT",
    "SIGN_OFF",
    "ACCEPTANCE",
    "INVOICE",
    "PAYMENT",
    "OTHER",
]
PAPER_TYPES: Final = frozenset({"application/pdf", "image/jpeg", "image/png"})
MOVES: Moves = {
    "submit": (frozenset({"DRAFT"}), "SUBMITTED"),
    "approve": (frozenset({"SUBMITTED"}), "PLAN_APPROVED"),
    "refuse": (frozenset({"SUBMITTED"}), "DRAFT"),
    "withdraw": (frozenset({"SUBMITTED"}), "DRAFT"),
    "request-quotes": (frozenset({"PLAN_APPROVED"}), "QUOTING"),
    "choose": (frozenset({"PLAN_APPROVED", "QUOTING"}), "SUPPLIER_CHOSEN"),
    "publish": (frozenset({"SUPPLIER_CHOSEN"}), "PUBLICITY"),
    "lock-roster": (frozenset({"PUBLICITY"}), "ROSTER_LOCKED"),
    "open-claims": (frozenset({"ROSTER_LOCKED"}), "CLAIMING"),
    "close-claims": (frozenset({"ROSTER_LOCKED", "CLAIMING"}), "CLAIM_CLOSED"),
    "fulfil": (frozenset({"CLAIM_CLOSED"}), "FULFILLING"),
    "accept": (frozenset({"FULFILLING"}), "ACCEPTED"),
    "invoice": (frozenset({"ACCEPTED"}), "INVOICED"),
    "pay": (frozenset({"INVOICED"}), "PAID"),
    "archive": (frozenset({"PAID"}), "ARCHIVED"),
    "cancel": (
        frozenset(
            {
                "DRAFT",
                "SUBMITTED",
                "PLAN_APPROVED",
                "QUOTING",
                "SUPPLIER_CHOSEN",
                "PUBLICITY",
                "ROSTER_LOCKED",
                "CLAIMING",
            }
        ),
        "CANCELLED",
    ),
}
PACKAGES_OPEN: Final = frozenset({"DRAFT", "PLAN_APPROVED", "QUOTING"})
"""Packages belong to the choice of the supplier; while the plan is being decided on, nothing moves."""
ROSTER_OPEN: Final = frozenset({"PLAN_APPROVED", "QUOTING", "SUPPLIER_CHOSEN", "PUBLICITY"})
"""A member's place depends on the standard, which stands once the plan is approved."""
OVER: Final = frozenset({"ARCHIVED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign wants to give, to how many, when and how."""

    name: str
    holiday_codes: tuple[str, ...]
    year: int
    per_head_fen: int
    planned_count: int
    budget_fen: int
    roster_cutoff_on: date
    mode: Mode
    lot_address: Mapping[str, str] | None
    publicity_from_on: date
    publicity_until_on: date
    claim_from_at: datetime | None
    claim_until_at: datetime | None
    unclaimed_rule: UnclaimedRule


def status_after(verb: str, status: str) -> str:
    """Where the verb leads; 409 `gift-campaign-status`."""
    return _status_after(MOVES, verb, status, noun="gift-campaign", called="a campaign")


def ensure_open(status: str, statuses: Collection[str], *, what: str) -> None:
    """409 `gift-campaign-status` if `what` is not to be changed any more, or not yet."""
    if status not in statuses:
        raise Conflict(
            f"{what} can be changed while the campaign is {' or '.join(sorted(statuses))}; it is {status}.",
            code="gift-campaign-status",
            status_now=status,
            status_needed=sorted(statuses),
        )


def _refuse(field: str, code: str, sentence: str, **facts: object) -> Invalid:
    return Invalid(sentence, code=code, field=field, **facts)


def ensure_plan(plan: Plan, *, county_code: str) -> None:
    """422 for a plan that cannot be carried out or breaks a rule of its region: `holiday-unknown`, `over-yearly-cap`,
    `over-holiday-cap`, `budget-too-small`, `publicity-too-short`, `claim-time-wrong`, `lot-address-wrong`."""
    known = {each.code for each in policy.holidays_of(county_code)}
    if unknown := sorted(set(plan.holiday_codes) - known):
        raise _refuse("holiday_codes", "holiday-unknown", "This is no holiday of your region.", unknown=unknown)
    caps = policy.caps_of(county_code, plan.year)
    if plan.per_head_fen > caps.yearly_fen:
        raise _refuse(
            "per_head_fen",
            "over-yearly-cap",
            f"A member may have {caps.yearly_fen / 100:.2f} yuan a year in your region.",
            cap_fen=caps.yearly_fen,
            source=caps.yearly_source,
        )
    of_holidays = caps.of_holidays(plan.holiday_codes)
    if of_holidays is not None and plan.per_head_fen > of_holidays:
        raise _refuse(
            "per_head_fen",
            "over-holiday-cap",
            f"For these holidays a member may have {of_holidays / 100:.2f} yuan in your region.",
            cap_fen=of_holidays,
            source=caps.holiday_source,
        )
    if plan.budget_fen < plan.per_head_fen * plan.planned_count:
        needed = plan.per_head_fen * plan.planned_count
        raise _refuse("budget_fen", "budget-too-small", "The budget does not pay for all of them.", needed_fen=needed)
    least = policy.policy()["publicity"]["least_days"]
    if (plan.publicity_until_on - plan.publicity_from_on).days + 1 < least:
        raise _refuse(
            "publicity_until_on", "publicity-too-short", f"Make it public for at least {least} days.", least_days=least
        )
    _ensure_handing_out(plan)


def _ensure_handing_out(plan: Plan) -> None:
    if (plan.mode == "CLAIM_CODE") != (plan.lot_address is None):
        raise _refuse("lot_address", "lot-address-wrong", "A whole lot needs an address, claims need none.")
    if plan.mode == "WHOLE_LOT":
        if plan.claim_from_at is not None or plan.claim_until_at is not None:
            raise _refuse("claim_from_at", "claim-time-wrong", "Nobody claims what is sent as a whole lot.")
        return
    if plan.claim_from_at is None or plan.claim_until_at is None or plan.claim_from_at >= plan.claim_until_at:
        raise _refuse("claim_until_at", "claim-time-wrong", "Claims begin, and end later.")
    if business_day(plan.claim_from_at) <= plan.publicity_until_on:
        raise _refuse("claim_from_at", "claim-time-wrong", "Claims begin after the publicity has ended.")


def plan_warnings(plan: Plan, *, county_code: str) -> list[str]:
    """What is allowed and still worth a second look: `single-issue-high`."""
    above = policy.caps_of(county_code, plan.year).single_warn_above_fen
    return ["single-issue-high"] if plan.per_head_fen > above * len(plan.holiday_codes) else []


@dataclass(frozen=True, slots=True)
class WantedPackage:
    """A package as the organiser puts it together: pieces by SKU, and for how many members."""

    name: str
    planned_count: int
    quantities: Mapping[UUID, int]


@dataclass(frozen=True, slots=True)
class PricedLine:
    """Pieces in a package with the price that was listed for institutions."""

    sku: SaleSku
    quantity: int
    unit_price_fen: int
    is_assisted: bool

    @property
    def sum_fen(self) -> int:
        """What the pieces of one package cost."""
        return self.quantity * self.unit_price_fen


def pieces_of(packages: Sequence[WantedPackage]) -> dict[UUID, int]:
    """How many pieces of each SKU all packages together need."""
    pieces: dict[UUID, int] = {}
    for each in packages:
        for sku_id, quantity in each.quantities.items():
            pieces[sku_id] = pieces.get(sku_id, 0) + quantity * each.planned_count
    return pieces


def priced_lines(
    wanted: WantedPackage, skus: Mapping[UUID, SaleSku], pieces: Mapping[UUID, int], *, now: datetime
) -> list[PricedLine]:
    """The package's goods at the price for institutions that take as many pieces as the whole campaign does: a SKU has
    one price in all packages. 422 `sku-unsellable` with the reason,
    `goods-forbidden` with the heading."""
    lines: list[PricedLine] = []
    for sku_id, quantity in sorted(wanted.quantities.items()):
        sku = skus.get(sku_id)
        if sku is None or (reason := unsellable_reason(sku, now)):
            reason = "unknown" if sku is None else reason
            raise _refuse(
                "lines", "sku-unsellable", f"SKU {sku_id} cannot be bought: {reason}.", sku_id=str(sku_id), why=reason
            )
        if heading := policy.forbidden_as(sku.category, sku.product_title, sku.specification):
            raise _refuse(
                "lines",
                "goods-forbidden",
                f"{sku.product_title} may not be given to members: {heading}.",
                sku_id=str(sku_id),
                heading=heading,
            )
        price = unit_price_fen(sku, group="institution", quantity=pieces[sku_id], now=now)
        lines.append(PricedLine(sku, quantity, price, policy.is_assisted(sku.designations)))
    return lines


def assisted_bp(lines: Sequence[tuple[int, bool]]) -> int:
    """Which part of the money goes to assisted counties, from (sum, is assisted), in basis points, rounded down: a
    share that is nearly reached is not reached."""
    total = sum(fen for fen, _ in lines)
    return sum(fen for fen, is_assisted in lines if is_assisted) * 10_000 // total


def ensure_packages(
    prices: Sequence[int], shares_bp: Sequence[int], *, per_head_fen: int, county_code: str, year: int
) -> None:
    """422 `package-over-standard`, `package-under-standard` (by more than the tolerance), `assisted-share-low`, each
    with the package's position."""
    tolerance = policy.policy()["packages"]["tolerance_bp"]
    least_fen = -(-per_head_fen * (10_000 - tolerance) // 10_000)
    least_bp = policy.assisted_minimum_bp(county_code, year)
    for position, (price, share) in enumerate(zip(prices, shares_bp, strict=True), start=1):
        if price > per_head_fen:
            raise _refuse(
                "packages",
                "package-over-standard",
                f"Package {position} costs {price / 100:.2f} yuan, the standard is {per_head_fen / 100:.2f}.",
                position=position,
                price_fen=price,
                most_fen=per_head_fen,
            )
        if price < least_fen:
            raise _refuse(
                "packages",
                "package-under-standard",
                f"Package {position} costs {price / 100:.2f} yuan; {least_fen / 100:.2f} is the least.",
                position=position,
                price_fen=price,
                least_fen=least_fen,
            )
        if share < least_bp:
            raise _refuse(
                "packages",
                "assisted-share-low",
                f"Of package {position} {share / 100:.2f} % come from assisted counties, {least_bp / 100:.2f} % must.",
                position=position,
                share_bp=share,
                least_bp=least_bp,
            )


def package_warnings(goods: Sequence[Collection[UUID]]) -> list[str]:
    """Worth a second look: `one-product-only`, if the campaign gives nothing but one kind of goods."""
    return ["one-product-only"] if len({each for package in goods for each in package}) == 1 else []


def counted_papers(papers: Sequence[tuple[str, str, int]]) -> dict[str, int]:
    """How much of each kind there is, from (kind, supplier, counted): people of a group, quotes of different
    suppliers, else the papers themselves."""
    found: dict[str, int] = {}
    for kind, _, counted in papers:
        found[kind] = found.get(kind, 0) + counted
    if "QUOTE" in found:
        found["QUOTE"] = len({supplier for kind, supplier, _ in papers if kind == "QUOTE"})
    return found


def needs_quotes(tier: UnionTier) -> bool:
    """Whether suppliers are asked before one is chosen."""
    return not {"QUOTE", "COMPETITION"}.isdisjoint(tier.requires)


def ensure_quoted(tier: UnionTier, verb: str, status: str) -> None:
    """409 `gift-campaign-status`: a sum that needs quotes chooses after quoting. 409 `quotes-not-needed`: a smaller one
    has nothing to quote."""
    if verb == "choose" and needs_quotes(tier):
        ensure_open(status, {"QUOTING"}, what="The supplier")
    if verb == "request-quotes" and not needs_quotes(tier):
        raise Conflict("A purchase of this size needs no quotes.", code="quotes-not-needed", method=tier.method)


def ensure_publicity_over(publicity_until_on: date, now: datetime) -> None:
    """409 `publicity-running`: whoever objects may do so to the last day."""
    if business_day(now) <= publicity_until_on:
        raise Conflict(
            f"The publicity runs until {publicity_until_on:%Y-%m-%d}.",
            code="publicity-running",
            until_on=publicity_until_on.isoformat(),
        )


def ensure_enough(eligible: int, planned: int) -> None:
    """409 `roster-empty`; 409 `packages-too-few` if the packages do not suffice for all who may have one."""
    if not eligible:
        raise Conflict("Nobody on the roster may have a gift.", code="roster-empty")
    if planned < eligible:
        raise Conflict(
            f"{eligible} members may have a gift, packages are planned for {planned}.",
            code="packages-too-few",
            eligible_count=eligible,
            planned_count=planned,
        )


def hold_end(claim_until_at: datetime | None, now: datetime) -> datetime:
    """Until when stock is kept: some days after the claims, or after now if nobody claims."""
    rest = timedelta(days=policy.policy()["hold"]["days_after_claims"])
    return max(now, claim_until_at or now) + rest


_FOLLOWED: Final = {"FULFILLING": "accept", "ACCEPTED": "invoice", "INVOICED": "pay"}
_NEEDED: Final = {
    "accept": frozenset({"ACCEPTED", "INVOICE_CHECKED", "SETTLED", "COMPLETED"}),
    "invoice": frozenset({"INVOICE_CHECKED", "SETTLED", "COMPLETED"}),
    "pay": frozenset({"SETTLED", "COMPLETED"}),
}
_FELL_AWAY: Final = frozenset({"CANCELLED", "REFUSED"})


def verbs_to_follow(status: str, stages: Sequence[str], *, has_gaps: bool = False) -> list[str]:
    """What the stages of its orders mean for the campaign: a step is reached when all that did not fall away have, and
    nobody waits for goods of those that did. Where all fell away and nobody waits, nothing is left to be paid."""
    if has_gaps or not stages:
        return []
    alive = {each for each in stages if each not in _FELL_AWAY}
    verbs: list[str] = []
    while (verb := _FOLLOWED.get(status)) and alive <= _NEEDED[verb]:
        verbs.append(verb)
        status = status_after(verb, status)
    return verbs


STEPS: Final = (
    "DRAFT",
    "SUBMITTED",
    "PLAN_APPROVED",
    "QUOTING",
    "SUPPLIER_CHOSEN",
    "PUBLICITY",
    "ROSTER_LOCKED",
    "CLAIMING",
    "CLAIM_CLOSED",
    "FULFILLING",
    "ACCEPTED",
    "INVOICED",
    "PAID",
    "ARCHIVED",
)


def steps_of(tier: UnionTier, mode: str) -> list[str]:
    """The steps that this campaign goes through: without quotes none are asked for, a whole lot is not claimed."""
    left_out = (set() if needs_quotes(tier) else {"QUOTING"}) | ({"CLAIMING"} if mode == "WHOLE_LOT" else set())
    return [each for each in STEPS if each not in left_out]
