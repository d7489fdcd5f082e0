"""Who can sign in to the demo. The addresses end in `example.com`, which belongs to nobody (RFC 2606)."""

from dataclasses import dataclass
from uuid import UUID

from deploy.demo.tables import demo_id, suppliers

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
INSTITUTION = DemoAccount(
    "canteen@example.com",
    "陈食堂",
    "institution",
    "单位食堂采购 · buys for a canteen",
    "canteen",
    "示范市第一中学食堂",
    "Canteen of the First Demo School",
    ("admin", "buyer"),
)
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
        INSTITUTION,
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


def accounts_text() -> str:
    """What `make run` prints."""
    shown = [
        CONSUMER,
        INSTITUTION,
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
