"""The sign-off sheet, handing out at the unit, and data of invoices, for the unit's people."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from orders.gift_campaign import queries as campaign_queries
from orders.gift_handout import actions, queries, rules, schemas
from orders.gift_handout.queries import Signed
from orders.gift_handout.rules import Signing, SoldPackage
from orders.gift_parcel.closing import purchase_id_of
from orders.unit import queries as unit_queries
from shared.auth import CallerDep
from shared.clock import utc_now
from shared.db import Db, Read
from shared.page import CursorText, Limit, Page, decode_cursor, encode_cursor
from shared.sheets import SheetFormat, sheet_response

router = APIRouter(prefix="/v1/gift-campaigns/{campaign_id}", tags=["holiday gifts"])
_BATCH = 1000
_WAYS = {"HOME": "送货到家", "PICKUP": "自提点", "UNIT": "单位领取"}
_HEAD = ("序号", "部门", "姓名", "工号", "套餐", "数量", "领取方式", "地址/地点", "签收人", "签收时间", "代领关系")


@router.post("/sign-off")
async def sign_off(campaign_id: UUID, body: schemas.SignOff, caller: CallerDep, db: Db) -> schemas.SignedOut:
    """Members, or a department, have their gift from the unit. Whoever signed before stays as they signed, so that the
    same request again changes nothing.

    403 `duty-missing`; 404 `gift-campaign-unknown`; 409 `gift-not-closed`; 422 `proxy-incomplete`.
    """
    count = await actions.sign_off(
        db,
        campaign_id=campaign_id,
        member_ids=body.member_ids,
        department=body.department or "",
        signing=Signing(body.signed_by, body.proxy_relation),
        caller=caller,
        now=utc_now(),
    )
    return schemas.SignedOut(signed_count=count)


@router.get("/sign-off")
async def list_sheet(
    campaign_id: UUID, caller: CallerDep, db: Read, cursor: CursorText = None, limit: Limit = 50
) -> Page[schemas.SheetLineOut]:
    """The sign-off sheet by department and number. 404 `gift-campaign-unknown`."""
    await campaign_queries.get_own(db, campaign_id, caller)
    found = await queries.list_sheet(db, campaign_id, after=_after(cursor), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=[schemas.SheetLineOut.model_validate(each) for each in found[:limit]],
        next_cursor=encode_cursor(last.department, last.member_no) if last else None,
    )


@router.get("/sign-off/export", response_class=Response)
async def export_sheet(
    request: Request, campaign_id: UUID, caller: CallerDep, db: Read, kind: SheetFormat = "xlsx"
) -> Response:
    """The same as a file to print and sign. 404 `gift-campaign-unknown`."""
    await campaign_queries.get_own(db, campaign_id, caller)

    async def batches() -> AsyncIterator[list[list[Any]]]:
        after: tuple[str, str] | None = None
        number = 0
        while True:
            async with request.app.state.database.read() as reading:
                found = await queries.list_sheet(reading, campaign_id, after=after, limit=_BATCH)
            yield [_row(number + place, each) for place, each in enumerate(found, start=1)]
            number += len(found)
            if len(found) < _BATCH:
                return
            after = found[-1].department, found[-1].member_no

    return await sheet_response(kind, name="签收表", head=_HEAD, batches=batches())


@router.get("/invoice-data")
async def get_invoice_data(campaign_id: UUID, caller: CallerDep, db: Read) -> schemas.InvoicesOut:
    """What each supplier's invoice must say: made out to the union, lines named as the packages, by tax rate. Nothing
    before the campaign is closed. 404 `gift-campaign-unknown`."""
    campaign = await campaign_queries.get_campaign_for(db, campaign_id, caller)
    unit = await unit_queries.get_unit(db, campaign.unit_id)
    sold = await queries.list_sold(db, campaign_id, purchase_id_of(campaign_id))
    by_supplier: dict[UUID, list[SoldPackage]] = {}
    for each in sold:
        by_supplier.setdefault(each.supplier_id, []).append(each)
    return schemas.InvoicesOut(
        items=[_invoice(own, title=unit.union_name or unit.name, code=unit.union_uscc) for own in by_supplier.values()]
    )


def _invoice(own: Sequence[SoldPackage], *, title: str, code: str) -> schemas.InvoiceOut:
    lines = rules.invoice_lines(own)
    return schemas.InvoiceOut(
        supplier_id=own[0].supplier_id,
        supplier_name=own[0].supplier_name,
        title=title,
        taxpayer_id=code,
        lines=[schemas.InvoiceLineOut.model_validate(each) for each in lines],
        net_fen=sum(each.net_fen for each in lines),
        tax_fen=sum(each.tax_fen for each in lines),
        gross_fen=sum(each.gross_fen for each in lines),
    )


def _row(number: int, each: Signed) -> list[Any]:
    place = each.pickup_point_name or each.county_code or "单位"
    return [
        number,
        each.department,
        each.name,
        each.member_no,
        each.package_name,
        1,
        _WAYS[each.way],
        place,
        each.signed_by,
        each.signed_at,
        each.proxy_relation,
    ]


def _after(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    department, member_no = decode_cursor(cursor, size=2)
    return str(department), str(member_no)
