"""Writing a draft of a quotation or of an auction: one form with lines and goods to look for, saving it, and the steps
after it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from starlette.datastructures import FormData
from starlette.responses import Response

from gateway.pages.account import Choice
from gateway.pages.bidding_form import COMMON, FUNDS, filled, row_count, rows_of
from gateway.pages.bidding_goods import find_goods, taken
from gateway.pages.place_field import show_place
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from gateway.visitor import Visitor
from shared.errors import Conflict, Forbidden, Invalid, Refusal, Stale
from shared.ids import new_id

REFUSED: Final = (Conflict, Forbidden, Invalid, Stale)
_ON_THE_WAY: Final = frozenset({"rows", "search", "goods"})
_MOST_ROWS: Final = 50

Body = Callable[[Typed, list[Typed], list[str], Services, Page], Awaitable[dict[str, Any]]]
More = Callable[[Services, Visitor, Typed, list[str]], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Draft:
    """What differs between the forms: addresses, fields, whether a line names a SKU, what the service takes, and what
    else the form shows."""

    path: str
    api: str
    id_name: str
    template: str
    own_fields: tuple[str, ...]
    has_sku: bool
    body: Body
    more: More
    field_of: Mapping[str, str]
    """Fields of the service's refusals by other names in the form."""


async def save_draft(
    draft: Draft, page: Page, services: Services, visitor: Visitor, form: FormData, own_id: UUID | None
) -> Response:
    """Save it; looking for goods or suppliers and more rows come back to the form, and so does what is refused."""
    typed, key, do = typed_of(form, *COMMON, *draft.own_fields), str(form.get("key") or new_id()), str(form.get("do"))
    rows = rows_of(form, row_count(typed, wants_more=do == "rows"), has_sku=draft.has_sku)
    chosen = [str(each) for each in form.getlist("supplier_ids")]
    given: dict[str, Any] = {"key": key, "own_id": own_id}
    if do in _ON_THE_WAY:
        return await draft_form(draft, page, services, visitor, typed, rows, chosen, **given)
    if do.startswith(("take:", "drop:")):
        rows = await _with_goods(draft, page, services, visitor, typed, rows, do)
        return await draft_form(draft, page, services, visitor, typed, rows, chosen, **given)
    try:
        body = await draft.body(typed, rows, chosen, services, page)
        if own_id is None:
            saved = await services.orders.post(draft.api, visitor=visitor, json=body, idempotency_key=key)
        else:
            path = f"{draft.api}/{own_id}"
            saved = await services.orders.put(path, visitor=visitor, json=body, if_match=f'"{key}"')
    except MistypedError as wrong:
        errors = {wrong.field: str(page.t.bidding.wrong)}
        return await draft_form(draft, page, services, visitor, typed, rows, chosen, 422, errors=errors, **given)
    except REFUSED as refusal:
        errors, told = errors_of(refusal, page)
        errors = {draft.field_of.get(name, name): text for name, text in errors.items()}
        if own_id is None:
            given["key"] = str(new_id())
        status = refusal.status
        return await draft_form(
            draft, page, services, visitor, typed, rows, chosen, status, errors=errors, error=told, **given
        )
    return page.go(f"{draft.path}/{saved[draft.id_name]}", done="saved")


async def _with_goods(
    draft: Draft, page: Page, services: Services, visitor: Visitor, typed: Typed, rows: list[Typed], do: str
) -> list[Typed]:
    verb, _, which = do.partition(":")
    if verb == "take":
        found = await find_goods(page, services, visitor, typed.goods_q)
        goods = next((each for each in found if each["sku_id"] == which), None)
        return rows if goods is None else taken(rows, goods, has_sku=draft.has_sku)[:_MOST_ROWS]
    if which.isascii() and which.isdecimal() and len(which) < 3 and int(which) < len(rows):  # noqa: PLR2004
        rows[int(which)] |= {"sku_id": "", "goods": ""}
    return rows


async def draft_form(
    draft: Draft,
    page: Page,
    services: Services,
    visitor: Visitor,
    typed: Typed,
    rows: list[Typed],
    chosen: list[str],
    status: int = 200,
    *,
    key: str,
    own_id: UUID | None = None,
    error: str = "",
    errors: dict[str, str] | None = None,
) -> Response:
    """The form as it is typed, with the goods that were looked for."""
    await show_place(services, page, typed, "county_code")
    for row in rows:
        await show_place(services, page, row, "origin_county_code")
    return page.render(
        draft.template,
        status=status,
        typed=typed,
        rows=filled(rows, row_count(typed)) if len(rows) < row_count(typed) else rows,
        goods=await find_goods(page, services, visitor, typed.goods_q),
        funds=[Choice(each, page.t.names["bidding_fund"][each]) for each in FUNDS],
        is_new=own_id is None,
        action=f"{draft.path}/new" if own_id is None else f"{draft.path}/{own_id}/edit",
        error=error,
        errors=Typed(errors or {}),
        key=key,
        **await draft.more(services, visitor, typed, chosen),
    )


def errors_of(refusal: Refusal, page: Page) -> tuple[dict[str, str], str]:
    """The refusal beside its field where the form has it, and above in any case."""
    field = (refusal.field or "").removeprefix("address.")
    return {field: page.told(refusal)} if field else {}, page.told(refusal)


async def take_step(services: Services, visitor: Visitor, form: FormData, path: str, body: dict[str, Any]) -> None:
    """A step against the version that the page showed, once."""
    headers = {"idempotency-key": str(form.get("key", "")), "if-match": f'"{form.get("revision", "")}"'}
    await services.orders.answer("POST", path, visitor=visitor, json=body, headers=headers)
