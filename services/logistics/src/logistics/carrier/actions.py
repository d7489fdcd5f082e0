"""Carriers, and the change of their secrets."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from logistics.carrier import queries, rules
from logistics.carrier.models import Carrier, CarrierSecret
from logistics.vault import Vault
from shared.errors import Conflict
from shared.webhooks import secret_hint


async def create_carrier(db: AsyncSession, *, carrier_code: str, name: str, name_en: str, now: datetime) -> Carrier:
    """A new carrier, which cannot push before it has a secret. 409 `carrier-code-taken`."""
    statement = (
        insert(Carrier)
        .values(carrier_code=carrier_code, name=name, name_en=name_en, created_at=now)
        .on_conflict_do_nothing()
        .returning(Carrier)
    )
    carrier = await db.scalar(statement)
    if carrier is None:
        raise Conflict("There is a carrier of this code already.", code="carrier-code-taken", field="code")
    return carrier


async def rotate_secret(
    db: AsyncSession,
    *,
    carrier_code: str,
    key: bytes,
    secret_id: UUID,
    overlap: timedelta,
    created_by: UUID,
    vault: Vault,
    now: datetime,
) -> CarrierSecret:
    """Give the carrier a new secret; those before it end after `overlap` at the latest."""
    rules.ensure_overlap(overlap)
    await queries.lock_carrier(db, carrier_code)
    end = now + overlap
    await db.execute(
        update(CarrierSecret)
        .where(
            CarrierSecret.carrier_code == carrier_code,
            or_(CarrierSecret.valid_until.is_(None), CarrierSecret.valid_until > end),
        )
        .values(valid_until=end)
    )
    secret = CarrierSecret(
        secret_id=secret_id,
        carrier_code=carrier_code,
        sealed=vault.seal(key, owner=carrier_code),
        hint=secret_hint(key),
        valid_from=now,
        valid_until=None,
        created_by=created_by,
    )
    db.add(secret)
    await db.flush()
    return secret
