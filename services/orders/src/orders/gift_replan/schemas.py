"""What will not come, and what takes its place."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from orders.gift_campaign.gaps import Gap
from orders.gift_campaign.schemas import LineIn, PackageLineOut
from orders.gift_replan.rules import Outcome
from orders.order.schemas import Body, Text


class ReplanIn(Body):
    """Goods for each member of the package instead of what will not come; none releases their money."""

    name: Annotated[Text, Field(max_length=60, description="Of the new package; empty: as before.")] = ""
    lines: Annotated[list[LineIn], Field(max_length=20, default_factory=list)]

    @model_validator(mode="after")
    def each_once(self) -> Self:
        """Every SKU is named once."""
        if len({each.sku_id for each in self.lines}) < len(self.lines):
            raise ValueError("name each SKU once")
        return self

    def quantities(self) -> dict[UUID, int]:
        """Pieces by SKU."""
        return {each.sku_id: each.quantity for each in self.lines}


class GapOut(BaseModel):
    """A package of which its members will not get all. New goods may cost `most_fen` a member, so that with `kept` the
    standard is kept."""

    package_id: UUID
    name: str
    member_count: int
    lost: list[PackageLineOut]
    kept: list[PackageLineOut]
    lost_fen: int
    kept_fen: int
    most_fen: int

    @classmethod
    def of(cls, gap: Gap, *, per_head_fen: int) -> Self:
        """As it stands."""
        return cls(
            package_id=gap.package_id,
            name=gap.name,
            member_count=gap.member_count,
            lost=[PackageLineOut.model_validate(each) for each in gap.lost],
            kept=[PackageLineOut.model_validate(each) for each in gap.kept],
            lost_fen=gap.lost_fen,
            kept_fen=gap.kept_fen,
            most_fen=per_head_fen - gap.kept_fen,
        )


class GapsOut(BaseModel):
    """All of them; none if everything comes."""

    items: list[GapOut]


class ReplannedOut(BaseModel):
    """What became of the members: other goods (REPLACED), only what is kept (SHORTENED), or nothing (RELEASED)."""

    outcome: Outcome
    member_count: int
    package_id: UUID | None
    purchase_id: UUID | None
