"""Carriage over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends

from orders.delivery import actions, calendar, queries, schemas
from shared.auth import Caller, require_kind
from shared.db import Db, Read
from shared.errors import Invalid

router = APIRouter(prefix="/v1/delivery-tariffs", tags=["delivery"])
OwnerCaller = Annotated[Caller, Depends(require_kind("supplier"))]


@router.get("")
async def list_tariffs(caller: OwnerCaller, db: Read) -> schemas.TariffList:
    """A supplier's own tariffs beside the platform's; an operator's own are the platform's. 403 `kind-not-allowed`."""
    platform = [schemas.Tariff.model_validate(each) for each in await queries.list_tariffs(db, None)]
    if caller.is_operator:
        return schemas.TariffList(own=platform, platform=platform)
    own = await queries.list_tariffs(db, caller.organisation_id)
    return schemas.TariffList(own=[schemas.Tariff.model_validate(each) for each in own], platform=platform)


@router.put("")
async def set_tariffs(body: schemas.SetTariffs, caller: OwnerCaller, db: Db) -> schemas.TariffList:
    """Replace the caller's tariffs as a whole: a supplier's own, an operator's are the platform's. Baskets are priced
    by them from now on, orders stay as they are. 403 `kind-not-allowed`; 422 `tariff-repeated`.
    """
    places = [(each.temperature_class, each.region_prefix) for each in body.tariffs]
    if len(set(places)) < len(places):
        raise Invalid("Name each class and region once.", code="tariff-repeated", field="tariffs")
    supplier_id = None if caller.is_operator else caller.organisation_id
    await actions.set_tariffs(db, supplier_id=supplier_id, tariffs=[each.model_dump() for each in body.tariffs])
    return await list_tariffs(caller, db)


@router.post("/platform", status_code=204)
async def load_platform(caller: Annotated[Caller, Depends(require_kind())], db: Db) -> None:
    """Operators: make the platform's tariffs and promises those of the published table again. Twice changes nothing.
    403 `kind-not-allowed`."""
    del caller
    await actions.load_carriage(db, calendar.carriage_data())
