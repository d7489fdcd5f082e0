"""Reads of carriers and of the keys with which they may sign now."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.carrier.models import Carrier, CarrierSecret
from shared.errors import NotFound

_SEALED = text("""
    SELECT sealed, valid_until FROM carrier_secrets
    WHERE carrier_code = :carrier_code AND valid_from <= :now AND (valid_until IS NULL OR valid_until > :now)
    ORDER BY valid_from DESC
""")


async def list_carriers(db: AsyncSession) -> Sequence[Carrier]:
    """All carriers by code."""
    return (await db.scalars(select(Carrier).order_by(Carrier.carrier_code))).all()


async def get_carrier(db: AsyncSession, carrier_code: str) -> Carrier:
    """The carrier, or 404 `carrier-not-found`."""
    return _found(await db.get(Carrier, carrier_code))


async def lock_carrier(db: AsyncSession, carrier_code: str) -> Carrier:
    """The same, locked, so that of two rotations the second sees the first."""
    statement = select(Carrier).where(Carrier.carrier_code == carrier_code).with_for_update(key_share=True)
    return _found(await db.scalar(statement))


async def list_secrets(db: AsyncSession, carrier_code: str) -> Sequence[CarrierSecret]:
    """All secrets that a carrier ever had, the newest first."""
    statement = (
        select(CarrierSecret)
        .where(CarrierSecret.carrier_code == carrier_code)
        .order_by(CarrierSecret.valid_from.desc(), CarrierSecret.secret_id.desc())
    )
    return (await db.scalars(statement)).all()


async def list_sealed(db: AsyncSession, *, carrier_code: str, now: datetime) -> list[tuple[bytes, datetime | None]]:
    """The secrets that are valid now, still sealed, each with its end."""
    rows = await db.execute(_SEALED, {"carrier_code": carrier_code, "now": now})
    return [(bytes(row.sealed), row.valid_until) for row in rows]


def _found(carrier: Carrier | None) -> Carrier:
    if carrier is None:
        raise NotFound("We do not know a carrier of this code.", code="carrier-not-found", field="code")
    return carrier
