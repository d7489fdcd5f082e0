"""A request for quotation or an auction as its form types it, and back: yuan, local times and rows here, fen, instants
and lists in orders."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from starlette.datastructures import FormData

from gateway.pages.place_field import place_code
from gateway.pages.presale_form import scaled, whole
from gateway.pages.promotion_form import MistypedError
from gateway.pages.shell import Page
from gateway.pages.typed import Typed, typed_of
from gateway.services import Services
from shared.clock import SHANGHAI

COMMON: Final = (
    "title", "fund", "note", "recipient", "phone", "county_code", "detail", "deliver_from", "deliver_until",
)  # fmt: skip
OWN_QUOTATION: Final = ("closes_at", "q", "rows", "goods_q")
OWN_AUCTION: Final = (
    "start",
    "step",
    "starts_at",
    "ends_at",
    "extension_minutes",
    "most_extensions",
    "rows",
    "goods_q",
)
FUNDS: Final = ("CANTEEN", "UNION", "OTHER")
_ROW: Final = ("description", "quantity", "unit", "origin_county_code", "certificates")
_FEWEST_ROWS, _MORE_ROWS, _MOST_ROWS = 3, 3, 50


def instant(typed: Typed, field: str) -> str:
    """A local time of China, as 2026-12-01T09:30, as an instant."""
    try:
        return datetime.fromisoformat(typed[field]).replace(tzinfo=SHANGHAI).isoformat()
    except ValueError as error:
        raise MistypedError(field) from error


def local(value: str) -> str:
    """An instant as the field shows it, to the minute."""
    return datetime.fromisoformat(value).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")


def row_count(typed: Typed, *, wants_more: bool = False) -> int:
    """How many rows of lines the form has."""
    count = int(typed.rows) if typed.rows.isascii() and typed.rows.isdecimal() and len(typed.rows) < 3 else 0  # noqa: PLR2004
    return min(_MOST_ROWS, max(_FEWEST_ROWS, count) + (_MORE_ROWS if wants_more else 0))


def rows_of(form: FormData, count: int, *, has_sku: bool) -> list[Typed]:
    """The rows as typed, the empty ones too."""
    names = (*_ROW, "sku_id", "goods") if has_sku else _ROW
    found = []
    for number in range(count):
        typed = typed_of(form, *(f"{name}_{number}" for name in names))
        found.append(Typed({name: typed[f"{name}_{number}"] for name in names}))
    return found


async def lines_of(rows: list[Typed], services: Services, page: Page) -> list[dict[str, Any]]:
    """The rows in which something stands, as orders takes them."""
    lines = []
    for number, row in enumerate(rows):
        if not (row.description or row.sku_id):
            continue
        try:
            quantity = whole(row, "quantity")
        except MistypedError as error:
            raise MistypedError(f"quantity_{number}") from error
        origin = row.origin_county_code
        line: dict[str, Any] = {
            "description": row.description,
            "quantity": quantity,
            "unit": row.unit,
            "certificates": row.certificates,
            "origin_county_code": await place_code(services, page, origin, field=f"origin_county_code_{number}")
            if origin
            else "",
        }
        if row.sku_id:
            line["sku_id"] = row.sku_id
        lines.append(line)
    return lines


async def _common(typed: Typed, rows: list[Typed], services: Services, page: Page) -> dict[str, Any]:
    return {
        "title": typed.title,
        "fund": typed.fund,
        "note": typed.note,
        "address": {
            "recipient": typed.recipient,
            "phone": typed.phone,
            "county_code": await place_code(services, page, typed.county_code, field="county_code"),
            "detail": typed.detail,
        },
        "deliver_from": instant(typed, "deliver_from"),
        "deliver_until": instant(typed, "deliver_until"),
        "lines": await lines_of(rows, services, page),
    }


async def quotation_of(
    typed: Typed, rows: list[Typed], supplier_ids: list[str], services: Services, page: Page
) -> dict[str, Any]:
    """What orders takes; `MistypedError` for what is no number or time, `Invalid` for a place that nobody knows."""
    body = await _common(typed, rows, services, page)
    return body | {"closes_at": instant(typed, "closes_at"), "supplier_ids": supplier_ids}


async def auction_of(typed: Typed, rows: list[Typed], services: Services, page: Page) -> dict[str, Any]:
    """The same for an auction."""
    body = await _common(typed, rows, services, page)
    return body | {
        "start_fen": scaled(typed, "start", 100),
        "step_fen": scaled(typed, "step", 100),
        "starts_at": instant(typed, "starts_at"),
        "ends_at": instant(typed, "ends_at"),
        "extension_minutes": whole(typed, "extension_minutes"),
        "most_extensions": whole(typed, "most_extensions"),
    }


def typed_from(found: Mapping[str, Any]) -> tuple[Typed, list[Typed]]:
    """A draft of orders as its form shows it."""
    times = {
        name: local(found[name])
        for name in ("deliver_from", "deliver_until", "closes_at", "starts_at", "ends_at")
        if name in found
    }
    money = {name: f"{found[f'{name}_fen'] / 100:.2f}" for name in ("start", "step") if f"{name}_fen" in found}
    whole_numbers = {name: str(found[name]) for name in ("extension_minutes", "most_extensions") if name in found}
    texts = {name: str(found[name]) for name in COMMON if name not in times}
    rows = [
        Typed(
            {name: "" if line.get(name) is None else str(line[name]) for name in (*_ROW, "sku_id")},
            goods=" · ".join(line[name] for name in ("goods", "goods_supplier") if line.get(name)),
        )
        for line in found["lines"]
    ]
    return Typed(texts | times | money | whole_numbers | {"rows": str(len(rows))}), rows


def filled(rows: list[Typed], count: int) -> list[Typed]:
    """So many rows, empty ones at the end."""
    return rows + [Typed() for _ in range(count - len(rows))]
