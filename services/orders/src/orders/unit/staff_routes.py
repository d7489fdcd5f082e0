"""A person's own unit, to which its own purchases count. The unit sees a number and a sum, never who."""

from fastapi import APIRouter, Response

from orders.unit import queries, schemas, staff
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.errors import NotFound

router = APIRouter(prefix="/v1/my-unit", tags=["units"])


@router.get("")
async def get_own_link(caller: CallerDep, db: Read) -> schemas.StaffLink:
    """The caller's own unit. 404 `staff-unknown`."""
    link = await staff.find_link(db, caller.person_id)
    if link is None:
        raise NotFound("You belong to no unit.", code="staff-unknown")
    unit = await queries.get_unit(db, link.unit_id)
    return schemas.StaffLink(unit_id=unit.unit_id, name=unit.name, linked_at=link.linked_at)


@router.put("")
async def join_unit(body: schemas.StaffIn, caller: CallerDep, db: Db) -> schemas.StaffLink:
    """From now on one's own purchases count to this unit. 404 `unit-unknown`; 409 `unit-closed`, `staff-changed`."""
    link = await staff.join_unit(db, person_id=caller.person_id, unit_id=body.unit_id, now=utc_now())
    unit = await queries.get_unit(db, link.unit_id)
    return schemas.StaffLink(unit_id=unit.unit_id, name=unit.name, linked_at=link.linked_at)


@router.delete("", status_code=204)
async def leave_unit(caller: CallerDep, db: Db) -> Response:
    """Nothing more counts; what counted, stays. 404 `staff-unknown`."""
    await staff.leave_unit(db, person_id=caller.person_id, now=utc_now())
    return Response(status_code=204)
