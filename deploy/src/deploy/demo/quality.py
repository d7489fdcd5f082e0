"""Certificates to verify, inspection reports and lots for the demo: invented laboratories, numbers and findings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.certificate import actions as certificate_actions
from catalog.certificate.rules import Proof
from catalog.inspection import actions as inspection_actions
from catalog.inspection.actions import Finding, ReportFacts
from catalog.laboratory import actions as laboratory_actions
from catalog.lot import actions as lot_actions
from deploy.demo.market import Advance, in_batches, missing
from deploy.demo.tables import DemoProduct, demo_id, products, skus
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database

SENT_OF_LOTS = timedelta(days=60)
"""Parcels of the last two months name their lots."""
_HARVESTED = timedelta(days=64)
_EVERY_REPORT, _EVERY_LOT, _EVERY_SUBMISSION = 6, 4, 30
_PASSED = (
    Finding("毒死蜱", "GB 23200.121", "未检出", "≤0.02", "mg/kg", "passed"),
    Finding("克百威", "GB 23200.112", "未检出", "≤0.02", "mg/kg", "passed"),
    Finding("铅（以 Pb 计）", "GB 5009.12", "0.03", "≤0.1", "mg/kg", "passed"),
)
_VILLAGES = ("上坪村", "枣花沟村", "石门村", "云岭村", "清溪村")
_HELD = (("hold", "抽检待复核"), ("recall", "复检不合格，已通知退货"))


@dataclass(frozen=True)
class DemoLot:
    """A lot of a product; of each product's two the first was sent, the second is in store."""

    product: DemoProduct
    number: int

    @property
    def lot_id(self) -> UUID:
        """Its id."""
        return demo_id("lot", f"{self.product.key}/{self.number}")


def reported() -> list[DemoProduct]:
    """The products with a report."""
    return list(products()[::_EVERY_REPORT])


def traced() -> list[DemoLot]:
    """The lots, two of a product."""
    return [DemoLot(product, number) for product in products()[::_EVERY_LOT] for number in (1, 2)]


def submitted() -> list[DemoProduct]:
    """The products with a certificate that waits to be verified: no organic one yet."""
    return [
        each for each in products()[7::_EVERY_SUBMISSION] if all(own.type != "organic" for own in each.certificates)
    ]


def quality_count() -> int:
    """How many steps a load takes."""
    return len(reported()) + len(traced()) + len(submitted())


async def load_quality(catalog: Database, *, now: datetime, advance: Advance) -> None:
    """Laboratories, reports that were accepted, certificates that wait, and lots; what is there is skipped."""
    await _load_laboratories(catalog, now=now)
    lacking = await missing(catalog, "inspections", "inspection_id", (_report_id(each) for each in reported()))

    async def add_report(db: AsyncSession, product: DemoProduct) -> None:
        await _add_report(db, product, now=now)

    await in_batches(catalog, [each for each in reported() if _report_id(each) in lacking], add_report, advance)
    waiting = await missing(catalog, "certificates", "certificate_id", (_waiting_id(each) for each in submitted()))

    async def submit(db: AsyncSession, product: DemoProduct) -> None:
        number = f"{_waiting_id(product).int % 10**17:017d}"
        ends = business_day(now) + timedelta(days=330)
        await certificate_actions.submit_certificate(
            db,
            certificate_id=_waiting_id(product),
            product_id=product.product_id,
            proof=Proof("organic", number, ends, business_day(now) - timedelta(days=35), "示范有机认证中心"),
            caller=None,
            now=now - timedelta(days=2),
        )

    await in_batches(catalog, [each for each in submitted() if _waiting_id(each) in waiting], submit, advance)
    new = await missing(catalog, "lots", "lot_id", (each.lot_id for each in traced()))

    async def add_lot(db: AsyncSession, lot: DemoLot) -> None:
        await _add_lot(db, lot, now=now)

    await in_batches(catalog, [each for each in traced() if each.lot_id in new], add_lot, advance)


async def lots_in_hand(catalog: Database) -> dict[UUID, str]:
    """The trace code of the lot that each SKU was sent of."""
    async with catalog.read() as db:
        rows = await db.execute(
            text("SELECT sku_id, code FROM lots JOIN lot_skus USING (lot_id) WHERE lot_id = ANY(:ids)"),
            {"ids": [each.lot_id for each in traced() if each.number == 1]},
        )
        return {UUID(str(row.sku_id)): row.code for row in rows}


async def hold_some(catalog: Database, *, now: datetime) -> None:
    """After the parcels were sent: of the last products one lot is held, one recalled. Their second lots stay for
    sale."""
    sent = [each for each in traced() if each.number == 1]
    for lot, (verb, reason) in zip(reversed(sent), _HELD, strict=False):
        caller = Caller(demo_id("person", "demo-inspector"), None, "official")
        async with catalog.begin() as db:
            status = await db.scalar(text("SELECT status FROM lots WHERE lot_id = :id"), {"id": lot.lot_id})
            if status != "OPEN":
                continue
            if verb == "hold":
                await lot_actions.hold_lot(
                    db, lot_id=lot.lot_id, holder="official", reason=reason, caller=caller, now=now
                )
            else:
                await lot_actions.recall_lot(
                    db, lot_id=lot.lot_id, reason=reason, others=[], caller=caller, now=now, expected_revision=1
                )


def _report_id(product: DemoProduct) -> UUID:
    return demo_id("inspection", product.key)


def _waiting_id(product: DemoProduct) -> UUID:
    return demo_id("certificate", f"{product.key}/waiting")


def _cma_number(province: str) -> str:
    return f"2617{province}000832"[:12]


async def _load_laboratories(catalog: Database, *, now: datetime) -> None:
    """A laboratory in each province that has a reported product."""
    provinces: Mapping[str, UUID] = {
        province: demo_id("laboratory", province)
        for province in sorted({each.origin_county_code[:2] for each in reported()})
    }
    lacking = await missing(catalog, "laboratories", "laboratory_id", provinces.values())
    async with catalog.begin() as db:
        for province, laboratory_id in provinces.items():
            if laboratory_id in lacking:
                name = await db.scalar(text("SELECT name FROM regions WHERE code = :code"), {"code": f"{province}0000"})
                await laboratory_actions.add_laboratory(
                    db,
                    laboratory_id=laboratory_id,
                    cma_number=_cma_number(province),
                    name=f"{name}示范农产品检测中心",
                    region_code=f"{province}0000",
                    caller=None,
                    now=now - timedelta(days=300),
                )


async def _add_report(db: AsyncSession, product: DemoProduct, *, now: datetime) -> None:
    province = product.origin_county_code[:2]
    issued = business_day(now) - timedelta(days=20 + _report_id(product).int % 60)
    name = await db.scalar(
        text("SELECT name FROM laboratories WHERE cma_number = :number"), {"number": _cma_number(province)}
    )
    made = await inspection_actions.submit_inspection(
        db,
        inspection_id=_report_id(product),
        product_id=product.product_id,
        report=ReportFacts(
            report_number=f"NCP-{issued.year}-{_report_id(product).int % 100_000:05d}",
            laboratory_name=str(name),
            cma_number=_cma_number(province),
            sampled_on=issued - timedelta(days=4),
            issued_on=issued,
            valid_until=business_day(now) + timedelta(days=12 + _report_id(product).int % 160),
        ),
        findings=_PASSED,
        caller=None,
        now=now - timedelta(days=15),
    )
    await inspection_actions.decide(
        db,
        inspection_id=made.inspection_id,
        verb="accept",
        expected_revision=1,
        caller=None,
        now=now - timedelta(days=14),
    )


async def _add_lot(db: AsyncSession, lot: DemoLot, *, now: datetime) -> None:
    is_sent = lot.number == 1
    harvested_at = now - (_HARVESTED if is_sent else timedelta(days=3))
    await lot_actions.create_lot(
        db,
        lot_id=lot.lot_id,
        product_id=lot.product.product_id,
        sku_ids=[each.sku_id for each in skus() if each.product_key == lot.product.key],
        harvested_on=business_day(harvested_at),
        quantity_g=500_000 + lot.lot_id.int % 40 * 100_000,
        village=_VILLAGES[lot.lot_id.int % len(_VILLAGES)],
        caller=None,
        now=harvested_at + timedelta(hours=6),
    )
