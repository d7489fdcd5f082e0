"""Who can sign in to the demo. The addresses end in `example.com`, which belongs to nobody (RFC 2606)."""

from dataclasses import dataclass
from uuid import UUID

from deploy.demo.tables import demo_id, suppliers
from deploy.demo.units import COUNTY, demo_units

PASSWORD = "zhunong-2026"  # noqa: S105 - printed by `make run`, for a demo on one's own machine


@dataclass(frozen=True)
class DemoAccount:
    """A person, and the organisation that the person acts for (none for a consumer)."""

    email: str
    name: str
    kind: str
    what_for: str
    organisation_key: str = ""
    organisation_name: str = ""
    organisation_name_en: str = ""
    roles: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    @property
    def person_id(self) -> UUID:
        """The person's id."""
        return demo_id("person", self.email)

    @property
    def organisation_id(self) -> UUID | None:
        """The organisation's id: for a supplier that of the catalog."""
        kind = "supplier" if self.kind == "supplier" else "organisation"
        return demo_id(kind, self.organisation_key) if self.organisation_key else None


CONSUMER = DemoAccount("xiaomei@example.com", "小美", "consumer", "买菜、付款、看物流 · buys, pays, follows the parcel")
_DUTIES = {
    "admin": ("管理", "administers"),
    "buyer": ("经办", "asks and buys"),
    "approver": ("审批", "approves"),
    "finance": ("财务", "pays"),
    "auditor": ("审计", "audits"),
    "union": ("工会", "runs the union's gifts"),
    "contractor": ("食堂承包", "buys for the canteen it runs"),
}


def _unit_accounts() -> dict[str, DemoAccount]:
    """The people of the county's units by the first part of their address; `canteen` buys for a school."""
    found = {}
    for unit in demo_units():
        for address, roles in unit.people.items():
            duties, told = (" ".join(_DUTIES[role][place] for role in roles) for place in (0, 1))
            name = f"{unit.key}-{address}" if address else unit.key
            found[name] = DemoAccount(
                f"{name}@example.com",
                f"{unit.name[:9]}{duties.split()[-1]}",
                "institution",
                f"{unit.name}：{duties} · {told}",
                unit.key,
                unit.name,
                unit.name_en,
                roles,
            )
    return found


UNIT_ACCOUNTS = _unit_accounts()
INSTITUTION = UNIT_ACCOUNTS["canteen"]
OPERATOR = DemoAccount(
    "operator@example.com",
    "平台运营",
    "operator",
    "平台运营 · runs the marketplace",
    "zhunong",
    "助农平台",
    "Zhunong",
    ("admin", "operator"),
)
ANALYST = DemoAccount(
    "analyst@example.com",
    "数据分析",
    "analyst",
    "数据看板 · the dashboard",
    "statistics",
    "消费帮扶统计室",
    "Office of Statistics",
    ("admin", "analyst"),
)
OFFICIAL = DemoAccount(
    "guizhou@example.com",
    "贵州专员",
    "official",
    "只看贵州的数据 · sees the figures of Guizhou only",
    "guizhou",
    "贵州省消费帮扶专班",
    "Guizhou Assistance Office",
    ("admin", "officer"),
    ("520000",),
)


def _office(county_code: str, county: str, place: str, role: str, label: str, label_en: str) -> DemoAccount:
    return DemoAccount(
        f"{place.lower()}-{role.replace('_', '-')}@example.com",
        f"{county}{label}",
        "official",
        f"{county}{label}的审核台 · reviews for {place}",
        f"{place.lower()}-{role.replace('_', '-')}",
        f"{county}{label}",
        f"{place} {label_en}",
        ("admin", role),
        (county_code,),
    )


OFFICES = {
    (county_code, role): _office(county_code, county, place, role, label, label_en)
    for county_code, county, place in (("420325", "房县", "Fangxian"), ("522634", "雷山县", "Leishan"))
    for role, label, label_en in (
        ("agriculture", "农业农村局", "Agriculture Bureau"),
        ("assistance", "乡村振兴局", "Assistance Office"),
        ("township", "驻村工作队", "Village Team"),
        ("department", "林业局", "Forestry Bureau"),
        ("decider", "产品认定办公室", "Product Recognition Office"),
        ("market_supervision", "市场监督管理局", "Market Supervision"),
    )
}
"""The county offices that judge applications, recognise products and supervise the market."""
PROVINCE = _office("420000", "湖北省", "Hubei", "province", "乡村振兴局", "Assistance Office")
FINANCE_OFFICE = _office(COUNTY, "远安县", "Yuanan", "finance_office", "财政局", "Finance Office")
REVIEWER = DemoAccount(
    "reviewer@example.com",
    "平台审核",
    "operator",
    "平台审核供应商和商品 · reviews for the marketplace",
    "zhunong-review",
    "助农平台审核组",
    "Zhunong Review",
    ("admin", "reviewer"),
)
SERVICE = DemoAccount(
    "service@example.com",
    "客服小周",
    "operator",
    "平台客服：查订单、写备注、退款 · answers buyers",
    "zhunong-service",
    "助农平台客服组",
    "Zhunong Service",
    ("support",),
)
APPLICANT = DemoAccount(
    "fx-tudou@example.com",
    "土豆村合作社",
    "supplier",
    "入驻被退回，待修改 · an application that was sent back",
    "fx-tudou",
    "房县高山土豆村集体经济合作社",
    "Fangxian Highland Potato Collective",
    ("admin",),
)


def supplier_account(key: str) -> DemoAccount:
    """The account of a demo supplier."""
    supplier = next(each for each in suppliers() if each.key == key)
    return DemoAccount(
        f"{key}@example.com",
        f"{supplier.name[:8]}发货员",
        "supplier",
        "发货台 · ships what was sold",
        key,
        supplier.name,
        supplier.name_en,
        ("admin", "sales", "warehouse"),
    )


def all_accounts() -> list[DemoAccount]:
    """Everybody who can sign in."""
    people = [
        CONSUMER,
        *UNIT_ACCOUNTS.values(),
        FINANCE_OFFICE,
        OPERATOR,
        ANALYST,
        OFFICIAL,
        *OFFICES.values(),
        PROVINCE,
        REVIEWER,
        SERVICE,
        APPLICANT,
    ]
    return people + [supplier_account(each.key) for each in suppliers()]


_SHOWN_UNITS = ("canteen", "canteen-head", "canteen-finance", "canteen-auditor", "canteen-union", "education")


def accounts_text() -> str:
    """What `make run` prints."""
    shown = [
        CONSUMER,
        *(UNIT_ACCOUNTS[name] for name in _SHOWN_UNITS),
        FINANCE_OFFICE,
        supplier_account(suppliers()[0].key),
        APPLICANT,
        *(office for (county_code, _), office in OFFICES.items() if county_code == "420325"),
        PROVINCE,
        REVIEWER,
        SERVICE,
        OPERATOR,
        ANALYST,
        OFFICIAL,
    ]
    lines = [f"    {account.email:<34} {account.what_for}" for account in shown]
    return "\n".join(
        [
            f"  Demo accounts, all with the password {PASSWORD}:",
            *lines,
            "  Try: search 香菇 (or xianggu), buy from two suppliers, pay at the practice cashier, ship as a supplier.",
        ]
    )
