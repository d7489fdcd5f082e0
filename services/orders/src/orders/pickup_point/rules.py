"""Which goods may be brought to a pickup point (自提点)."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from orders.sku.rules import SaleSku
from shared.errors import Conflict


@dataclass(frozen=True, slots=True)
class PointTo:
    """An open point that goods shall go to. `kept_classes` are the temperature classes that it can keep."""

    pickup_point_id: UUID
    revision: int
    county_code: str
    name: str
    address: str
    kept_classes: frozenset[str]

    @property
    def detail(self) -> str:
        """How a label says where it is."""
        return f"{self.name}（{self.address}）"


def ensure_kept(point: PointTo, skus: Iterable[SaleSku]) -> None:
    """Conflict `pickup-point-not-cold` names what the point cannot keep."""
    unkept = [sku for sku in skus if sku.temperature_class not in point.kept_classes]
    if unkept:
        raise Conflict(
            "This pickup point cannot keep some of the products cold. Choose another one, or have them brought home.",
            code="pickup-point-not-cold",
            field="pickup.pickup_point_id",
            skus=[{"sku_id": str(sku.sku_id), "product_title": sku.product_title} for sku in unkept],
        )


def point_closed() -> Conflict:
    """The refusal of a point that is closed, or was changed at this very moment."""
    return Conflict(
        "This pickup point is closed, or was changed just now. Choose again.",
        code="pickup-point-closed",
        field="pickup.pickup_point_id",
    )
