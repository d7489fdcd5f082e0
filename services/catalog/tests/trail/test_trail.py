"""The trail is written once."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from catalog.trail import actions, queries
from shared.auth import Caller
from shared.testing import NOW


async def test_deeds_are_told_in_their_order(db):
    subject_id, person = uuid4(), Caller(uuid4(), uuid4(), "official")
    for verb, caller in (("submit", person), ("lapse", None)):
        await actions.record(db, subject_kind="admission", subject_id=subject_id, verb=verb, caller=caller, now=NOW)
    told = await queries.list_trail(db, subject_kind="admission", subject_id=subject_id)
    assert [(each.verb, each.caller_kind, each.person_id) for each in told] == [
        ("submit", "official", person.person_id),
        ("lapse", "clock", None),
    ]


@pytest.mark.parametrize("change", ["UPDATE trail_entries SET reason = 'other'", "DELETE FROM trail_entries"])
async def test_no_deed_is_ever_changed(db, change):
    await actions.record(db, subject_kind="lot", subject_id=uuid4(), verb="hold", caller=None, now=NOW)
    with pytest.raises(DBAPIError, match="written once"):
        await db.execute(text(change))
