"""What happens by the clock."""

from datetime import timedelta

from sqlalchemy import text

from logistics.jobs import watch_for_silence
from logistics.reading import actions
from logistics.reading.rules import Batch
from services.logistics.tests.factories import CARRIER, on_its_way, with_carrier
from shared.clock import utc_now
from shared.db import Database
from shared.events.logistics import ExcursionOpened
from shared.ids import new_id
from shared.testing import published


async def test_silent_devices_are_noted_once_and_those_just_heard_are_not(fresh_database: Database):
    now = utc_now()
    async with fresh_database.begin() as db:
        await with_carrier(db)
        silent, heard = await on_its_way(db), await on_its_way(db)
        for way, minutes in ((silent, 61), (heard, 1)):
            await actions.record_readings(
                db,
                carrier_code=CARRIER,
                waybill_number=way.waybill,
                device_id="dev-1",
                batch=Batch([now - timedelta(minutes=minutes)], [2.0]),
                now=now,
                new_id=new_id,
            )
    await watch_for_silence(fresh_database)
    await watch_for_silence(fresh_database)
    async with fresh_database.begin() as db:
        rows = (await db.execute(text("SELECT parcel_id, kind, severity, ended_at FROM excursions"))).all()
        assert [tuple(row) for row in rows] == [(silent.parcel_id, "gap", "major", None)]
        assert len(await published(db, ExcursionOpened)) == 1
