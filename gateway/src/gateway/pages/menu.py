"""The menu of the work pages: who finds what there. A new page is one line in MENU and one in each [work.menu]."""

from dataclasses import dataclass
from typing import Final

from gateway.visitor import Visitor

INSTITUTION: Final = frozenset({"institution"})
SUPPLIER: Final = frozenset({"supplier"})
OFFICIAL: Final = frozenset({"official"})
OPERATOR: Final = frozenset({"operator"})
ANALYSTS: Final = frozenset({"analyst", "official", "operator"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the menu. Its label is `t.work.menu.<key>`, its heading `t.work.group.<group>`.

    `roles`: any one of them is needed; empty means any role. Operators need none of them unless the entry `is_strict`.
    `icon` is a name of gateway.pages.icons.
    """

    key: str
    url: str
    kinds: frozenset[str]
    group: str
    icon: str
    roles: frozenset[str] = frozenset()
    is_strict: bool = False


_FINANCE = frozenset({"finance_office"})
_AGENTS = frozenset({"support", "operator"})
MENU: tuple[Entry, ...] = (
    Entry("desk", "/desk", SUPPLIER, "supply", "truck"),
    Entry("products", "/work/products", SUPPLIER, "supply", "list"),
    Entry("stock_desk", "/work/stock", SUPPLIER, "supply", "box"),
    Entry("sites", "/work/sites", SUPPLIER, "supply", "truck"),
    Entry("stock_holds", "/work/stock-holds", SUPPLIER | OPERATOR, "supply", "box"),
    Entry("tariffs", "/work/delivery-tariffs", SUPPLIER | OPERATOR, "supply", "truck"),
    Entry(
        "service", "/work/service", OPERATOR, "platform", "people", frozenset({"support", "operator"}), is_strict=True
    ),
    Entry("stock_checks", "/work/stock-checks", OPERATOR, "platform", "check"),
    Entry("after_sales", "/work/after-sales", SUPPLIER | OPERATOR, "supply", "check"),
    Entry("returns", "/work/returns", SUPPLIER | OPERATOR, "supply", "box"),
    Entry("exchanges", "/work/exchanges", SUPPLIER | OPERATOR, "supply", "box"),
    Entry("losses", "/work/losses", SUPPLIER | OPERATOR, "supply", "truck"),
    Entry("reviews", "/work/reviews", SUPPLIER | OPERATOR, "supply", "book"),
    Entry("promotions", "/work/promotions", SUPPLIER | OPERATOR, "supply", "list"),
    Entry("group_buys", "/work/group-buys", SUPPLIER | OPERATOR, "supply", "people"),
    Entry("love_purchases", "/work/love-purchases", OFFICIAL | OPERATOR, "registers", "bell"),
    Entry("donation_recipients", "/work/donation-recipients", OFFICIAL | OPERATOR, "registers", "people"),
    Entry("presales", "/work/presales", SUPPLIER | OPERATOR, "supply", "basket"),
    Entry("gift_campaigns", "/work/gift-campaigns", INSTITUTION | OPERATOR, "buying", "people"),
    Entry("quotations", "/work/quotations", INSTITUTION | OPERATOR, "buying", "list"),
    Entry("quotation_invitations", "/work/quotation-invitations", SUPPLIER, "supply", "list"),
    Entry("auctions", "/work/auctions", INSTITUTION | SUPPLIER | OPERATOR, "buying", "chart"),
    Entry("joint_purchases", "/work/joint-purchases", INSTITUTION | SUPPLIER | OPERATOR, "buying", "people"),
    Entry("absorptions", "/work/absorptions", INSTITUTION | SUPPLIER | OPERATOR, "buying", "bell"),
    Entry("absorption_desk", "/work/absorptions", OFFICIAL, "registers", "bell"),
    Entry("unit_orders", "/work/unit-orders", INSTITUTION | SUPPLIER | OPERATOR, "buying", "truck"),
    Entry("disputes", "/work/disputes", INSTITUTION | SUPPLIER | OPERATOR, "buying", "bell"),
    Entry("supplier_file", "/work/supplier", SUPPLIER, "supply", "stamp"),
    Entry("admissions", "/work/admissions", OFFICIAL | OPERATOR, "review", "people"),
    Entry("licences", "/work/licences", OFFICIAL | OPERATOR, "review", "book"),
    Entry("product_reviews", "/work/product-reviews", OPERATOR, "review", "stamp", frozenset({"reviewer", "operator"})),
    Entry("imports", "/work/imports", SUPPLIER | OFFICIAL | OPERATOR, "platform", "upload"),
    Entry("lots", "/work/lots", SUPPLIER | OFFICIAL | OPERATOR, "quality", "box"),
    Entry("certificates", "/work/certificates", SUPPLIER | OFFICIAL | OPERATOR, "quality", "check"),
    Entry("inspections", "/work/inspections", SUPPLIER | OFFICIAL | OPERATOR, "quality", "book"),
    Entry("registers", "/work/registers", SUPPLIER | OFFICIAL | OPERATOR, "registers", "book"),
    Entry("demand", "/work/demand", SUPPLIER | OFFICIAL | OPERATOR, "registers", "chart"),
    Entry("laboratories", "/work/laboratories", OPERATOR, "quality", "check"),
    Entry("notices", "/work/notices", SUPPLIER | OFFICIAL | OPERATOR, "platform", "bell"),
    Entry("linkages", "/work/linkages", SUPPLIER | OFFICIAL | OPERATOR, "villages", "people"),
    Entry("profit_contracts", "/work/profit-contracts", SUPPLIER | OFFICIAL | OPERATOR, "villages", "list"),
    Entry("villages", "/work/villages", OFFICIAL | OPERATOR, "villages", "book"),
    Entry("pickup_points", "/work/pickup-points", OFFICIAL | OPERATOR, "villages", "truck"),
    Entry("eligibility", "/work/eligibility", OFFICIAL | OPERATOR, "villages", "check"),
    Entry("origin_facts", "/work/origin-facts", OFFICIAL | OPERATOR, "villages", "stamp"),
    Entry("recognitions", "/work/recognitions", SUPPLIER | OFFICIAL | OPERATOR, "review", "stamp"),
    Entry("directories", "/work/directories", OFFICIAL | OPERATOR, "registry", "book"),
    Entry("credit", "/work/credit", SUPPLIER | OFFICIAL | OPERATOR, "registry", "check"),
    Entry("webhooks", "/work/webhooks", SUPPLIER, "platform", "bell", frozenset({"admin"})),
    Entry("statements", "/work/statements", OPERATOR, "platform", "check"),
    Entry("words", "/work/words", OPERATOR, "platform", "search", frozenset({"catalogue"})),
    Entry("contracts", "/work/contracts", INSTITUTION | SUPPLIER | OPERATOR, "buying", "book"),
    Entry("call_offs", "/work/call-offs", INSTITUTION | SUPPLIER | OPERATOR, "buying", "truck"),
    Entry("crop_orders", "/work/crop-orders", INSTITUTION | SUPPLIER | OPERATOR, "buying", "basket"),
    Entry("crop_milestones", "/work/crop-milestones", INSTITUTION | SUPPLIER | OPERATOR, "buying", "list"),
    Entry("crop_harvests", "/work/crop-harvests", SUPPLIER | OPERATOR, "supply", "basket"),
    Entry("reserve_purchases", "/work/reserve-purchases", INSTITUTION | SUPPLIER | OPERATOR, "buying", "box"),
    Entry("purchase_points", "/work/purchase-points", INSTITUTION | SUPPLIER | OPERATOR, "buying", "truck"),
    Entry("reserve_appointments", "/work/reserve-appointments", INSTITUTION | SUPPLIER | OPERATOR, "buying", "list"),
    Entry("own_unit", "/work/units", INSTITUTION, "buying", "people"),
    Entry("own_shares", "/work/reserved-shares", INSTITUTION, "buying", "list"),
    Entry("own_progress", "/work/reserved-share-progress", INSTITUTION, "buying", "chart"),
    Entry("units", "/work/units", OFFICIAL | OPERATOR, "finance_office", "people", _FINANCE),
    Entry("reserved_shares", "/work/reserved-shares", OFFICIAL | OPERATOR, "finance_office", "stamp", _FINANCE),
    Entry("share_progress", "/work/reserved-share-progress", OFFICIAL | OPERATOR, "finance_office", "chart", _FINANCE),
    Entry("purchases", "/work/purchases", INSTITUTION | OPERATOR, "buying", "basket"),
    Entry("approvals", "/work/approvals", INSTITUTION, "buying", "stamp"),
    Entry(
        "budgets",
        "/work/budgets",
        INSTITUTION | OFFICIAL | OPERATOR,
        "buying",
        "chart",
        frozenset({"admin", "buyer", "approver", "finance", "auditor", "union", "contractor", "finance_office"}),
    ),
    Entry("settlements", "/work/settlements", INSTITUTION | SUPPLIER | OPERATOR, "buying", "check"),
    Entry("bank_statements", "/work/bank-statements", SUPPLIER | OPERATOR, "buying", "upload"),
    Entry("overdue", "/work/overdue", INSTITUTION | SUPPLIER | OPERATOR, "buying", "bell"),
    Entry("overdue", "/work/overdue", OFFICIAL, "finance_office", "bell", _FINANCE),
    Entry("purchases", "/work/purchases", OFFICIAL, "finance_office", "basket", _FINANCE),
    Entry("unit_orders", "/work/unit-orders", OFFICIAL, "finance_office", "truck", _FINANCE),
    Entry("settlements", "/work/settlements", OFFICIAL, "finance_office", "check", _FINANCE),
    Entry("disputes", "/work/disputes", OFFICIAL, "finance_office", "bell", _FINANCE),
    Entry("quotations", "/work/quotations", OFFICIAL, "finance_office", "list", _FINANCE),
    Entry("auctions", "/work/auctions", OFFICIAL, "finance_office", "chart", _FINANCE),
    Entry("contracts", "/work/contracts", OFFICIAL, "finance_office", "book", _FINANCE),
    Entry("gift_campaigns", "/work/gift-campaigns", OFFICIAL, "finance_office", "people", _FINANCE),
    Entry("dashboard", "/dashboard", ANALYSTS, "figures", "chart"),
)


def has_any_role(visitor: Visitor, roles: frozenset[str]) -> bool:
    """Whether the visitor has one of the roles, or none is asked for. Operators have them all."""
    return not roles or visitor.kind == "operator" or not roles.isdisjoint(visitor.roles)


def entries_for(visitor: Visitor, menu: tuple[Entry, ...] | None = None) -> list[Entry]:
    """What the visitor may open, in the order of the menu (MENU unless another is given)."""
    return [
        each
        for each in (MENU if menu is None else menu)
        if visitor.kind in each.kinds
        and (has_any_role(visitor, each.roles) if not each.is_strict else not each.roles.isdisjoint(visitor.roles))
    ]


def grouped(entries: list[Entry]) -> dict[str, list[Entry]]:
    """Entries by heading; headings in the order of their first entry."""
    groups: dict[str, list[Entry]] = {}
    for each in entries:
        groups.setdefault(each.group, []).append(each)
    return groups


def is_at(entry: Entry, path: str) -> bool:
    """Whether a page of this path belongs to the entry: the page itself, or one below it."""
    return path == entry.url or path.startswith(entry.url + "/")
