"""A promotion as its form types it, and back: yuan and days here, fen and instants in orders."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from gateway.pages.typed import Typed
from shared.clock import SHANGHAI, day_range

FIELDS: Final = (
    "kind",
    "name",
    "name_en",
    "starts_on",
    "ends_on",
    "priority",
    "exclusive_group",
    "person_cap",
    "budget",
    "is_claimable",
    "coupon_limit",
    "categories",
    "counties",
    "skus",
    "from_1",
    "off_1",
    "from_2",
    "off_2",
    "percent",
    "price",
    "items",
)
KINDS: Final = ("amount-off", "coupon", "limited-price", "member-price", "gift", "exchange", "bundle")
_STEPS: Final = ("1", "2")
_PERCENT_BP: Final = 100


class MistypedError(ValueError):
    """A field that cannot be read; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def body_of(typed: Typed) -> dict[str, Any]:
    """What orders takes; MistypedError for the first field that cannot be read."""
    body: dict[str, Any] = {
        "kind": typed.kind,
        "name": typed.name,
        "name_en": typed.name_en,
        "starts_at": _day(typed, "starts_on")[0].isoformat(),
        "ends_at": _day(typed, "ends_on")[1].isoformat(),
        "priority": _whole(typed, "priority") or 100,
        "exclusive_group": typed.exclusive_group,
        "person_cap": _whole(typed, "person_cap"),
        "budget_fen": _fen(typed, "budget"),
        "scope": {
            "categories": _words(typed.categories),
            "counties": _words(typed.counties),
            "sku_ids": [_id(line, "skus") for line in typed.skus.split()],
        },
        "terms": _terms(typed),
    }
    if typed.kind == "coupon":
        body |= {"is_claimable": typed.is_claimable == "yes", "coupon_limit": _whole(typed, "coupon_limit")}
    return body


def _terms(typed: Typed) -> dict[str, Any]:
    start = _fen(typed, "from_1")
    match typed.kind:
        case "amount-off":
            steps = [(_fen(typed, f"from_{n}"), _fen(typed, f"off_{n}")) for n in _STEPS]
            return {"steps": [{"from_fen": least, "off_fen": off} for least, off in steps if least and off]}
        case "coupon":
            return {"from_fen": start or 0, **_off(typed, "off_1", "off_fen")}
        case "gift":
            return {"from_fen": start, "gifts": [_item(line) for line in typed["items"].splitlines() if line.strip()]}
        case "exchange":
            return {"from_fen": start, "offers": [_offer(line) for line in typed["items"].splitlines() if line.strip()]}
        case "bundle":
            items = [_item(line) for line in typed["items"].splitlines() if line.strip()]
            return {"items": items, "price_fen": _fen(typed, "price")}
        case _:
            return _off(typed, "price", "price_fen")


def _off(typed: Typed, field: str, name: str) -> dict[str, Any]:
    """Percent if it is given, else the sum."""
    if typed.percent:
        percent = _decimal(typed, "percent")
        return {"off_bp": int(percent * _PERCENT_BP)}
    return {name: _fen(typed, field)}


def _item(line: str) -> dict[str, Any]:
    sku_id, *rest = line.split()
    return {"sku_id": _id(sku_id, "items"), "quantity": _count(rest[0] if rest else "1")}


def _offer(line: str) -> dict[str, Any]:
    parts = line.split()
    if len(parts) != len(("sku", "pieces", "price")):
        raise MistypedError("items")
    return {"sku_id": _id(parts[0], "items"), "most": _count(parts[1]), "price_fen": _fen_of(parts[2], "items")}


def _count(text: str) -> int:
    if not text.isdecimal():
        raise MistypedError("items")
    return int(text[:6])


def _id(text: str, field: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise MistypedError(field) from error


def _words(text: str) -> list[str]:
    return [word for word in text.replace("，", ",").replace("、", ",").replace(",", " ").split() if word]


def _day(typed: Typed, field: str) -> tuple[datetime, datetime]:
    try:
        return day_range(date.fromisoformat(typed[field]))
    except ValueError as error:
        raise MistypedError(field) from error


def _whole(typed: Typed, field: str) -> int | None:
    text = typed[field].strip()
    if not text:
        return None
    if not text.isdecimal():
        raise MistypedError(field)
    return int(text[:9])


def _decimal(typed: Typed, field: str) -> Decimal:
    try:
        found = Decimal(typed[field].strip())
    except InvalidOperation as error:
        raise MistypedError(field) from error
    if not found.is_finite():
        raise MistypedError(field)
    return found


def _fen(typed: Typed, field: str) -> int | None:
    return _fen_of(typed[field].strip(), field) if typed[field].strip() else None


def _fen_of(text: str, field: str) -> int:
    try:
        fen = Decimal(text) * 100
    except InvalidOperation as error:
        raise MistypedError(field) from error
    if not fen.is_finite() or fen != fen.to_integral_value() or fen < 0:
        raise MistypedError(field)
    return int(fen)


def typed_from(promotion: Mapping[str, Any]) -> Typed:
    """A promotion as its form shows it."""
    terms, scope = promotion["terms"], promotion["scope"]
    steps = terms.get("steps") or [{"from_fen": terms.get("from_fen"), "off_fen": terms.get("off_fen")}]
    shown = dict.fromkeys(FIELDS, "") | {
        "kind": promotion["kind"],
        "name": promotion["name"],
        "name_en": promotion["name_en"],
        "starts_on": _day_text(promotion["starts_at"]),
        "ends_on": _day_text(promotion["ends_at"], is_end=True),
        "priority": str(promotion["priority"]),
        "exclusive_group": promotion["exclusive_group"],
        "person_cap": str(promotion["person_cap"] or ""),
        "budget": _yuan(promotion["budget_fen"]),
        "is_claimable": "yes" if promotion["is_claimable"] else "",
        "coupon_limit": str(promotion["coupon_limit"] or ""),
        "categories": ",".join(scope.get("categories", ())),
        "counties": ",".join(scope.get("counties", ())),
        "skus": "\n".join(scope.get("sku_ids", ())),
        "percent": f"{terms['off_bp'] / _PERCENT_BP:g}" if "off_bp" in terms else "",
        "price": _yuan(terms.get("price_fen")),
        "items": "\n".join(_item_lines(terms)),
    }
    for number, step in zip(_STEPS, steps, strict=False):
        shown |= {f"from_{number}": _yuan(step["from_fen"]), f"off_{number}": _yuan(step["off_fen"])}
    return Typed(shown)


def _item_lines(terms: Mapping[str, Any]) -> list[str]:
    lines = [f"{each['sku_id']} {each['quantity']}" for each in [*terms.get("items", ()), *terms.get("gifts", ())]]
    return [
        *lines,
        *(f"{each['sku_id']} {each['most']} {_yuan(each['price_fen'])}" for each in terms.get("offers", ())),
    ]


def _day_text(instant: str, *, is_end: bool = False) -> str:
    """The Shanghai day of an instant; the end of a period is the day before it."""
    moment = datetime.fromisoformat(instant).astimezone(SHANGHAI) - timedelta(microseconds=1 if is_end else 0)
    return moment.date().isoformat()


def _yuan(fen: int | None) -> str:
    return "" if fen is None else f"{Decimal(fen) / 100:f}"
