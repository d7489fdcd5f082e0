"""A product as its supplier's workbench and the reviewers' desk tell of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.pages.account import Choice
from gateway.pages.cards import in_language
from gateway.pages.figures import day_text, money, month_text, weight
from gateway.pages.parts import Difference, Step, TrailEntry
from gateway.pages.places import place_name
from gateway.pages.shell import Page
from gateway.pages.typed import Typed

STATUSES: Final = ("DRAFT", "IN_REVIEW", "LISTED", "DELISTED")
TONES: Final = {
    "DRAFT": "",
    "IN_REVIEW": "urgent",
    "LISTED": "leaf",
    "DELISTED": "clay",
    "PENDING": "urgent",
    "ACCEPTED": "leaf",
    "REJECTED": "clay",
    "WITHDRAWN": "",
}
_PACK: Final = "skus."
PACK_FACTS: Final = (
    "specification", "specification_en", "net_weight_g", "unit", "grade", "gtin", "supplier_code",
)  # fmt: skip
FACTS: Final = (
    "title",
    "title_en",
    "category",
    "origin_county_code",
    "grade",
    "shelf_life_days",
    "temperature_class",
    "description",
    "description_en",
    "tax_basis",
    "invoice_name",
    "tax_code",
    "season_note",
    "season_note_en",
)
SEASON_ROWS: Final = 4
_NAMED: Final = frozenset({"category", "temperature_class", "unit", "tax_basis"})


def field_label(field: str, page: Page, packs: Mapping[str, str]) -> str:
    """A reviewed field's name; `packs` are the packs' names by id. A field of a pack has the pack's name before it."""
    names = page.t.names["product_field"]
    if not field.startswith(_PACK):
        return names.get(field, field)
    sku_id, _, own = field.removeprefix(_PACK).partition(".")
    pack = packs.get(sku_id, page.t.goods.pack)
    return f"{pack} · {names.get(own, own)}" if own else page.t.goods.new_pack_named(name=pack)


def shown(field: str, value: Any, page: Page) -> str:
    """A reviewed field's value in words; empty for what is not there."""
    kind = field.rpartition(".")[2] if field.startswith(_PACK) else field
    if value in (None, "", []):
        text = ""
    elif isinstance(value, dict):
        unit = page.t.names["unit"].get(value["unit"], value["unit"])
        text = f"{value['specification']} · {weight(value['net_weight_g'], page.language)} / {unit}"
    elif kind in _NAMED:
        text = page.t.names[kind].get(str(value), str(value))
    elif kind == "net_weight_g":
        text = weight(value, page.language)
    elif kind.startswith("season_") and isinstance(value, int):
        text = month_text(value, page.language)
    elif kind == "seasons":
        text = "; ".join(season_line(each, page) for each in value)
    else:
        text = str(page.t.goods.pieces(len(value)) if isinstance(value, list) else value)
    return text


def season_line(window: Mapping[str, Any], page: Page) -> str:
    """`房县 10月–3月`, and whether it is sold outside of it."""
    first, last = (month_text(window[name], page.language) for name in ("from_month", "to_month"))
    months = first if window["from_month"] == window["to_month"] else f"{first}–{last}"
    place = place_name(window.get("region_name") or window["region_code"], page.language)
    text = f"{place} {months}" if place else months
    return f"{text} ({page.t.goods.bound})" if window["is_binding"] else text


def pack_names(skus: Sequence[Mapping[str, Any]], page: Page) -> dict[str, str]:
    """The packs' names by id."""
    return {each["sku_id"]: in_language(each, "specification", page.language) for each in skus}


def differences(changes: Sequence[Mapping[str, Any]], packs: Mapping[str, str], page: Page) -> list[Difference]:
    """What a change alters, in words."""
    return [
        Difference(
            field_label(each["field"], page, packs),
            shown(each["field"], each["before"], page),
            shown(each["field"], each["after"], page),
        )
        for each in changes
    ]


def reasons(found: Mapping[str, str], packs: Mapping[str, str], page: Page) -> list[tuple[str, str]]:
    """Why fields were refused: their names and the reviewer's words."""
    return [(field_label(field, page, packs), reason) for field, reason in found.items()]


def way(status: str, *, has_pending: bool, page: Page) -> list[Step]:
    """Where the product stands between a draft and the shelf."""
    names = page.t.names["product_status"]
    order = ("DRAFT", "IN_REVIEW", "LISTED")
    if status == "DELISTED":
        return [*(Step(names[each], "done") for each in order), Step(names[status], "current")]
    place = order.index(status)
    steps = [Step(names[each], "done" if at < place else "todo") for at, each in enumerate(order)]
    is_change = has_pending and status == "LISTED"
    steps[place] = Step(names[status], "current", note=page.t.goods.change_waits if is_change else "")
    return steps


def trail(entries: Sequence[Mapping[str, Any]], page: Page) -> list[TrailEntry]:
    """Who did what to the product, the latest first."""
    names, verbs, kinds = page.t.names["product_status"], page.t.names["product_verb"], page.t.names["caller_kind"]
    return [
        TrailEntry(
            at=page.time(each["happened_at"]),
            who=kinds.get(each["caller_kind"], each["caller_kind"]),
            what=verbs.get(each["verb"], each["verb"]),
            before=names.get(each["from_status"], "") if each["from_status"] != each["to_status"] else "",
            after=names.get(each["to_status"], "") if each["from_status"] != each["to_status"] else "",
            reason=_told_reason(each, page),
        )
        for each in reversed(entries)
    ]


def _told_reason(entry: Mapping[str, Any], page: Page) -> str:
    """Edits name their fields; other verbs carry people's own words."""
    if entry["verb"] not in {"edit", "propose", "accept-change"}:
        return str(entry["reason"])
    names = page.t.names["product_field"]
    fields = [field.rpartition(".")[2] if field.startswith(_PACK) else field for field in entry["reason"].split(", ")]
    between = "、" if page.language == "zh" else ", "
    return between.join(names.get(field, "") for field in fields if field in names)


def choices(table: Mapping[str, str]) -> list[Choice]:
    """The options of a select from a table of names."""
    return [Choice(value, label) for value, label in table.items()]


def facts_typed(product: Mapping[str, Any], pending: Mapping[str, Any] | None = None) -> Typed:
    """The facts of a product as its form shows them: what waits for a reviewer stands there already, so that saving
    the form once more does not take it back."""
    values = {
        **{name: product.get(name, "") for name in FACTS},
        "origin_county_code": product["origin"]["county_code"],
        "tax_basis": product["tax"]["basis"] if product["tax"] else "",
        **{name: value for name, value in waiting(pending).items() if name in FACTS},
    }
    return Typed({name: "" if value is None else str(value) for name, value in values.items()})


def pack_typed(sku: Mapping[str, Any], pending: Mapping[str, Any] | None = None) -> Typed:
    """The same of a pack."""
    prefix = f"{_PACK}{sku['sku_id']}."
    waits = {name.removeprefix(prefix): value for name, value in waiting(pending).items() if name.startswith(prefix)}
    return Typed({name: str(({**sku} | waits)[name] or "") for name in PACK_FACTS})


def waiting(pending: Mapping[str, Any] | None) -> dict[str, Any]:
    """The values that wait for a reviewer, by field."""
    return {each["field"]: each["after"] for each in pending["changes"]} if pending else {}


def changed_facts(body: Mapping[str, Any], was_shown: Mapping[str, str]) -> dict[str, Any]:
    """What was typed over, of all that a form sends. (A browser ends its lines in its own way.)"""

    def as_typed(value: Any) -> str:
        return "" if value is None else str(value).replace("\r\n", "\n").strip()

    return {name: value for name, value in body.items() if as_typed(value) != as_typed(was_shown.get(name))}


def season_rows(windows: Sequence[Mapping[str, Any]]) -> list[Typed]:
    """The rows of the seasons' form: those there are, and empty ones to fill in."""
    rows = [
        Typed(
            region=" ".join(part for part in (each.get("region_name"), each["region_code"]) if part),
            first=str(each["from_month"]),
            last=str(each["to_month"]),
            bound="1" if each["is_binding"] else "",
        )
        for each in windows
    ]
    return rows + [Typed() for _ in range(max(1, SEASON_ROWS - len(rows)))]


def tax_text(tax: Mapping[str, Any] | None, page: Page) -> str:
    """The tax rate or exemption, and what it rests on."""
    if tax is None:
        return ""
    return f"{in_tongue(tax, page)} · {tax['source']}"


def in_tongue(item: Mapping[str, Any], page: Page) -> str:
    """The zh or en member of a list entry."""
    return str(item["zh"] if page.language == "zh" else item["en"])


def price_rows(sku: Mapping[str, Any], page: Page, *, now: str) -> list[dict[str, Any]]:
    """The price table of a pack: every tier's periods that are not over, the base price first."""
    groups = page.t.names["buyer_group"]
    rows = []
    for each in sku["prices"] or ():
        if each["valid_until"] is not None and each["valid_until"] <= now:
            continue
        is_base = (each["buyer_group"], each["min_quantity"]) == ("retail", 1)
        rows.append(
            {
                "group": groups[each["buyer_group"]],
                "buyer_group": each["buyer_group"],
                "min_quantity": each["min_quantity"],
                "price": money(each["price_fen"]),
                "from": page.time(each["valid_from"]),
                "until": page.time(each["valid_until"]) if each["valid_until"] else "",
                "is_now": each["valid_from"] <= now,
                "is_base": is_base,
                "order": (list(groups).index(each["buyer_group"]), each["min_quantity"], each["valid_from"]),
            }
        )
    return sorted(rows, key=lambda row: row["order"])


def presale_text(presale: Mapping[str, Any] | None, page: Page) -> str:
    """When a presale opens, closes and is sent."""
    if presale is None:
        return ""
    return str(
        page.t.goods.presale_line(
            opens=page.time(presale["opens_at"]),
            closes=page.time(presale["closes_at"]),
            ships=day_text(presale["ships_on"], page.language),
        )
    )
