"""Carriage over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from orders.delivery import actions, calendar, queries, schemas
from shared.auth import Caller, require_kind
from shared.db import Db, Read
from shared.errors import Invalid
from shared.etag import IfMatch, etag_of

router = APIRouter(prefix="/v1/delivery-tariffs", tags=["delivery"])
OwnerCaller = Annotated[Caller, Depends(require_kind("supplier"))]


@router.get("")
async def list_tariffs(caller: OwnerCaller, db: Read, response: Response) -> schemas.TariffList:
    """A supplier's own tariffs with their ETag, beside the platform's; an operator's own are the platform's. 403
    `kind-not-allowed`."""
    platform = await queries.list_tariffs(db, None)
    own = platform if caller.is_operator else await queries.list_tariffs(db, caller.organisation_id)
    revision = queries.revision_of(own)
    response.headers["ETag"] = etag_of(revision)
    return schemas.TariffList(
        revision=revision,
        own=[schemas.Tariff.model_validate(each) for each in own],
        platform=[schemas.Tariff.model_validate(each) for each in platform],
    )


@router.put("")
async def set_tariffs(
    body: schemas.SetTariffs, caller: OwnerCaller, db: Db, expected: IfMatch, response: Response
) -> schemas.TariffList:
    """Replace the caller's tariffs as a whole: a supplier's own, an operator's are the platform's. Baskets are priced
    by them from now on, orders stay as they are. 403 `kind-not-allowed`; 412 `stale`; 422 `tariff-repeated`; 428.
    """
    places = [(each.temperature_class, each.region_prefix) for each in body.tariffs]
    if len(set(places)) < len(places):
        raise Invalid("Name each class and region once.", code="tariff-repeated", field="tariffs")
    supplier_id = None if caller.is_operator else caller.organisation_id
    tariffs = [each.model_dump() for each in body.tariffs]
    await actions.set_tariffs(db, supplier_id=supplier_id, tariffs=tariffs, expected=expected)
    return await list_tariffs(caller, db, response)


@router.post("/platform", status_code=204)
async def load_platform(caller: Annotated[Caller, Depends(require_kind())], db: Db) -> None:
    """Operators: make the platform's tariffs and promises those of the published table again. Twice changes nothing.
    403 `kind-not-allowed`."""
    del caller
    await actions.load_carriage(db, calendar.carriage_data())
