"""What the forms of linkages and of contracts share: households line by line, money in yuan, refusals."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.datastructures import FormData, UploadFile

from gateway.pages.parts import TrailEntry
from gateway.pages.shell import Page
from gateway.services import Services
from gateway.visitor import Visitor
from shared.errors import Invalid, Refusal

STATUS_TONES = {"CONFIRMED": "leaf", "RETURNED": "clay", "SUBMITTED": "key", "ENDED": "", "DRAFT": ""}
_MOST_FEN = Decimal(10) ** 13


def households_of(text: str, *, second: str) -> list[dict[str, Any]] | None:
    """Lines of a number and, after a blank or comma, a second figure (persons or weight, 1 if left out); None if
    nothing was typed. 422 `household-line-invalid` with the line."""
    found = []
    for place, line in enumerate(text.splitlines(), 1):
        parts = [each for each in re.split(r"[\s,，、;；\t]+", line.strip()) if each]
        if not parts:
            continue
        if len(parts) > 2 or (len(parts) == 2 and not (parts[1].isascii() and parts[1].isdigit())):  # noqa: PLR2004
            raise Invalid(
                f"Line {place} should be a number and a figure.", code="household-line-invalid", field="households"
            )
        found.append({"number": parts[0], second: int(parts[1]) if len(parts) > 1 else 1})
    return found or None


def fen_of(text: str, field: str) -> int:
    """An amount typed in yuan, as fen; 422 `amount-invalid`."""
    plain = text.replace(",", "").replace("，", "").strip()
    if not plain:
        return 0
    try:
        fen = Decimal(plain) * 100
    except InvalidOperation as error:
        raise _wrong_amount(field) from error
    if not fen.is_finite() or fen != fen.to_integral_value() or not 0 <= fen <= _MOST_FEN:
        raise _wrong_amount(field)
    return int(fen)


def basis_points_of(text: str, field: str) -> int:
    """A percentage as basis points; 422 `amount-invalid`."""
    return fen_of(text.replace("%", ""), field)


def _wrong_amount(field: str) -> Invalid:
    return Invalid("This should be a number with at most two decimals.", code="amount-invalid", field=field)


def yuan_text(fen: int) -> str:
    """Fen as they stand in a field."""
    return f"{fen // 100}" if fen % 100 == 0 else f"{fen / 100:.2f}"


async def uploaded(services: Services, visitor: Visitor, form: FormData, name: str, *, county_code: str) -> str | None:
    """Hand a file of the form to catalog and give its document id; None if none was chosen."""
    file = form.get(name)
    if not isinstance(file, UploadFile) or not file.filename:
        return None
    answer = await services.catalog.answer(
        "POST",
        "/v1/documents",
        visitor=visitor,
        data=await file.read(),
        headers={"Content-Type": "application/octet-stream"},
        params={"name": file.filename[:120], "county_code": county_code},
    )
    return str(answer.json["document_id"])


async def post_tagged(services: Services, visitor: Visitor, path: str, *, etag: str, json: Any = None) -> None:
    """A decision on what was seen."""
    await services.catalog.answer("POST", path, visitor=visitor, json=json, headers={"If-Match": f'"{etag}"'})


def errors_of(refusal: Refusal, page: Page, *, fields: frozenset[str]) -> tuple[dict[str, str], str]:
    """The refusal beside its field, or as the page's error where it has none."""
    field = (refusal.field or "").partition(".")[0]
    told = page.told(refusal)
    return ({field: told}, "") if field in fields else ({}, told)


def trail_of(entries: list[dict[str, Any]], page: Page, statuses: str) -> list[TrailEntry]:
    """What was done, the newest first."""
    names, verbs = page.t.names[statuses], page.t.names["linkage_verb"]
    kinds = page.t.names["linkage_caller"]
    return [
        TrailEntry(
            at=page.time(each["happened_at"]),
            who=kinds.get(each["caller_kind"], each["caller_kind"]),
            what=verbs.get(each["verb"], each["verb"]),
            before=names.get(each["from_status"], ""),
            after=names.get(each["to_status"], "") if each["from_status"] != each["to_status"] else "",
            reason=each["reason"],
        )
        for each in reversed(entries)
    ]
