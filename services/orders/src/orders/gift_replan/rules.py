"""What takes the place of goods that a supplier will not send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from orders.gift_campaign import rules as campaign_rules
from orders.gift_campaign.gaps import Gap
from orders.gift_campaign.models import GiftPackageLine
from orders.gift_campaign.rules import PricedLine
from shared.errors import Conflict, Invalid, NotFound

Outcome = Literal["REPLACED", "SHORTENED", "RELEASED"]
OPEN: Final = frozenset({"FULFILLING"})
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Replanned:
    """What became of a package's members: other goods, only what is kept, or nothing any more."""

    outcome: Outcome
    member_count: int
    package_id: UUID | None
    purchase_id: UUID | None


def gap_unknown() -> NotFound:
    """The refusal for a package of which everything comes, or whose members were planned anew already."""
    return NotFound("Nobody waits for goods of this package that will not come.", code="gift-gap-unknown")


def ensure_new(gap: Gap, quantities: Mapping[UUID, int]) -> None:
    """422 `gift-goods-kept`: what members get anyway is not bought once more."""
    if twice := {each.sku_id for each in gap.kept} & quantities.keys():
        raise Invalid(
            "Some of these goods come to the members already.",
            code="gift-goods-kept",
            field="lines",
            sku_ids=sorted(map(str, twice)),
        )


def ensure_within(
    kept: Sequence[GiftPackageLine], new: Sequence[PricedLine], *, per_head_fen: int, county_code: str, year: int
) -> tuple[int, int]:
    """Price and assisted share of what comes and the new goods together; 422 as for any package: neither above the
    standard nor far below it, and with enough from assisted counties."""
    sums = [(each.quantity * each.unit_price_fen, each.is_assisted) for each in kept]
    sums += [(each.sum_fen, each.is_assisted) for each in new]
    price, share = sum(fen for fen, _ in sums), campaign_rules.assisted_bp(sums)
    campaign_rules.ensure_packages([price], [share], per_head_fen=per_head_fen, county_code=county_code, year=year)
    return price, share


def ensure_brought(counties: Sequence[str]) -> None:
    """409 `region-not-served`: members gave an address where the new goods are not brought."""
    if counties:
        raise Conflict(
            "Some members live where these goods are not brought.",
            code="region-not-served",
            field="lines",
            county_codes=list(counties),
        )


def name_of(wanted: str, before: str) -> str:
    """How the new package is called on sheets and to its members."""
    return wanted or f"{before[: _LONGEST - 4]}（替换）"
