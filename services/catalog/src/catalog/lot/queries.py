"""Reading lots."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.authority import region_prefix
from catalog.certificate.queries import visible
from catalog.lot.models import Lot, LotCertificate, LotInspection, LotSku
from catalog.lot.rules import OPEN, blocked_skus
from catalog.product.models import Product
from catalog.sku.models import Sku
from shared.auth import Caller
from shared.errors import NotFound


@dataclass(frozen=True)
class LotFilter:
    """Which lots a list is about; None is any."""

    status: str | None = None
    product_id: UUID | None = None
    supplier_id: UUID | None = None
    county_code: str | None = None
    harvested_from: date | None = None
    harvested_to: date | None = None
    q: str | None = None


@dataclass(frozen=True)
class LotRow:
    """A lot with its product's title."""

    lot: Lot
    product_title: str


@dataclass(frozen=True)
class LotPack:
    """A pack of a lot, with its GTIN if it has one."""

    sku_id: UUID
    specification: str
    specification_en: str
    net_weight_g: int
    is_listed: bool
    gtin: str | None


def unknown_lot() -> NotFound:
    """The refusal for a lot that does not exist or may not be seen."""
    return NotFound("There is no such lot.", code="lot-unknown", field="lot_id")


async def get_lot(db: AsyncSession, lot_id: UUID) -> Lot:
    """The lot; 404 `lot-unknown`."""
    found = await db.get(Lot, lot_id)
    if found is None:
        raise unknown_lot()
    return found


async def get_by_code(db: AsyncSession, code: str) -> Lot:
    """The lot with this trace code; 404 `trace-code-unknown`."""
    found = await db.scalar(select(Lot).where(Lot.code == code))
    if found is None:
        raise NotFound("No lot has this trace code.", code="trace-code-unknown", field="code")
    return found


async def lock_lot(db: AsyncSession, lot_id: UUID) -> Lot:
    """The lot as it is now, held until the transaction ends. Hold its product first."""
    query = select(Lot).where(Lot.lot_id == lot_id).with_for_update()
    found = await db.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise unknown_lot()
    return found


async def list_by_code(db: AsyncSession, codes: Collection[str]) -> Sequence[Lot]:
    """The lots with these codes, in order of id."""
    return (await db.scalars(select(Lot).where(Lot.code.in_(codes)).order_by(Lot.lot_id))).all()


async def list_open_of_inspection(db: AsyncSession, inspection_id: UUID) -> Sequence[UUID]:
    """The open lots that this report is on, in order of id."""
    query = (
        select(Lot.lot_id)
        .join(LotInspection, LotInspection.lot_id == Lot.lot_id)
        .where(LotInspection.inspection_id == inspection_id, Lot.status == OPEN)
    )
    return (await db.scalars(query.order_by(Lot.lot_id))).all()


async def list_visible(
    db: AsyncSession, caller: Caller, *, wanted: LotFilter, after: tuple[datetime, UUID] | None, limit: int
) -> list[LotRow]:
    """Lots that the caller may see, the latest entered first."""
    query = (
        select(Lot, Product.title)
        .join(Product, Product.product_id == Lot.product_id)
        .where(visible(caller, Lot.supplier_id, Lot.county_code))
        .where(*_conditions(wanted))
    )
    if after is not None:
        query = query.where(tuple_(Lot.created_at, Lot.lot_id) < after)
    rows = await db.execute(query.order_by(Lot.created_at.desc(), Lot.lot_id.desc()).limit(limit))
    return [LotRow(row[0], row[1]) for row in rows]


def _conditions(wanted: LotFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, value in (
        (Lot.status, wanted.status),
        (Lot.product_id, wanted.product_id),
        (Lot.supplier_id, wanted.supplier_id),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.county_code is not None:
        found.append(Lot.county_code.startswith(region_prefix(wanted.county_code)))
    if wanted.harvested_from is not None:
        found.append(Lot.harvested_on >= wanted.harvested_from)
    if wanted.harvested_to is not None:
        found.append(Lot.harvested_on <= wanted.harvested_to)
    if wanted.q:
        told = func.lower(Lot.code + " " + Lot.external_trace_code + " " + Lot.village + " " + Product.title)
        found.append(func.strpos(told, wanted.q.lower()) > 0)
    return found


async def list_packs(db: AsyncSession, lot_ids: Iterable[UUID]) -> dict[UUID, list[LotPack]]:
    """The packs of each of these lots, the lightest first."""
    rows = await db.execute(
        select(LotSku.lot_id, Sku)
        .join(Sku, Sku.sku_id == LotSku.sku_id)
        .where(LotSku.lot_id.in_(set(lot_ids)))
        .order_by(LotSku.lot_id, Sku.net_weight_g, Sku.sku_id)
    )
    found: dict[UUID, list[LotPack]] = defaultdict(list)
    for lot_id, sku in rows:
        found[lot_id].append(
            LotPack(
                sku.sku_id, sku.specification, sku.specification_en, sku.net_weight_g, sku.is_listed, sku.gtin or None
            )
        )
    return found


async def list_certificate_ids(db: AsyncSession, lot_id: UUID) -> Sequence[UUID]:
    """The certificates that go with the lot."""
    query = select(LotCertificate.certificate_id).where(LotCertificate.lot_id == lot_id)
    return (await db.scalars(query.order_by(LotCertificate.certificate_id))).all()


async def list_inspection_ids(db: AsyncSession, lot_id: UUID) -> Sequence[UUID]:
    """The reports on the lot."""
    query = select(LotInspection.inspection_id).where(LotInspection.lot_id == lot_id)
    return (await db.scalars(query.order_by(LotInspection.inspection_id))).all()


async def list_blocked_skus(db: AsyncSession, sku_ids: Collection[UUID]) -> set[UUID]:
    """Those of these SKUs that must not be sold: a lot of theirs is held or recalled and none is open."""
    rows = await db.execute(
        text("""
            SELECT lot_skus.sku_id, array_agg(DISTINCT lots.status) AS statuses
            FROM lot_skus JOIN lots USING (lot_id) WHERE lot_skus.sku_id = ANY(:sku_ids) GROUP BY 1
        """),
        {"sku_ids": list(sku_ids)},
    )
    return {UUID(found) for found in blocked_skus({str(row.sku_id): row.statuses for row in rows})}
