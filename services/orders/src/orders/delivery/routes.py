"""Carriage over HTTP."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from orders.delivery import actions, calendar, queries, schemas
from orders.delivery.models import DeliveryTariff
from shared.auth import Caller, require_kind
from shared.db import Db, Read
from shared.errors import Invalid
from shared.etag import IfMatch, etag_of
from shared.money import yuan
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/delivery-tariffs", tags=["delivery"])
_HEAD = ("谁的", "温度类别", "地区", "是否配送", "首重(公斤)", "首重费(元)", "续重(公斤)", "续重费(元)", "满免(元)")
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


@router.get("/export", response_class=Response)
async def export_tariffs(caller: OwnerCaller, db: Read, kind: SheetFormat = "csv") -> Response:
    """The same tariffs as a file: the caller's own, and the platform's where they are another's. 403
    `kind-not-allowed`."""
    platform = [_row("平台", each) for each in await queries.list_tariffs(db, None)]
    own = [] if caller.is_operator else await queries.list_tariffs(db, caller.organisation_id)

    async def batches() -> AsyncIterator[list[list[Any]]]:
        yield [*(_row("自己", each) for each in own), *platform]

    return await sheet_response(kind, name="运费", head=_HEAD, batches=batches())


def _row(whose: str, tariff: DeliveryTariff) -> list[Any]:
    free = tariff.free_from_fen
    return [
        whose,
        tariff.temperature_class,
        tariff.region_prefix,
        "送" if tariff.is_served else "不送",
        tariff.first_g / 1000,
        float(yuan(tariff.first_fen)),
        tariff.step_g / 1000,
        float(yuan(tariff.step_fen)),
        None if free is None else float(yuan(free)),
    ]


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
