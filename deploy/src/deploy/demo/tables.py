"""The demo data as written in `data/*.csv`, typed; ids are made from keys, so that every load makes the same ones."""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from uuid import NAMESPACE_DNS, UUID, uuid5

NAMESPACE = uuid5(NAMESPACE_DNS, "zhunong.example")


def demo_id(kind: str, key: str) -> UUID:
    """The id of a demo thing, such as `demo_id("sku", "fuping-dried-shiitake-500g-bag")`."""
    return uuid5(NAMESPACE, f"{kind}:{key}")


@dataclass(frozen=True)
class DemoSupplier:
    """A row of suppliers.csv."""

    key: str
    name: str
    name_en: str
    kind: str
    county_code: str
    uscc: str
    linked_households: int
    story: str
    story_en: str

    @property
    def supplier_id(self) -> UUID:
        """Also the id of its organisation."""
        return demo_id("supplier", self.key)


@dataclass(frozen=True)
class DemoCertificate:
    """One of a product's certificates."""

    type: str
    number: str
    valid_until: date | None


@dataclass(frozen=True)
class DemoProduct:
    """A row of products.csv."""

    key: str
    supplier_key: str
    title: str
    title_en: str
    category: str
    picture: str
    origin_county_code: str
    season_from_month: int
    season_to_month: int
    shelf_life_days: int
    temperature_class: str
    grade: str
    certificates: tuple[DemoCertificate, ...]
    description: str
    description_en: str

    @property
    def product_id(self) -> UUID:
        """Its id."""
        return demo_id("product", self.key)

    def is_in_season(self, month: int) -> bool:
        """Whether the month lies in the season, which may run over the turn of the year."""
        first, last = self.season_from_month, self.season_to_month
        return first <= month <= last if first <= last else month >= first or month <= last


@dataclass(frozen=True)
class DemoSku:
    """A row of skus.csv."""

    key: str
    product_key: str
    specification: str
    specification_en: str
    net_weight_g: int
    price_fen: int
    initial_stock: int

    @property
    def sku_id(self) -> UUID:
        """Its id."""
        return demo_id("sku", self.key)


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("deploy.demo") / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def suppliers() -> tuple[DemoSupplier, ...]:
    """All demo suppliers."""
    return tuple(
        DemoSupplier(
            key=row["supplier_key"],
            name=row["name_zh"],
            name_en=row["name_en"],
            kind=row["kind"],
            county_code=row["county_code"],
            uscc=row["uscc"],
            linked_households=int(row["linked_households"]),
            story=row["story_zh"],
            story_en=row["story_en"],
        )
        for row in _rows("suppliers.csv")
    )


@cache
def products() -> tuple[DemoProduct, ...]:
    """All demo products."""
    return tuple(
        DemoProduct(
            key=row["product_key"],
            supplier_key=row["supplier_key"],
            title=row["title_zh"],
            title_en=row["title_en"],
            category=row["category"],
            picture=row["kind"],
            origin_county_code=row["origin_county_code"],
            season_from_month=int(row["season_from_month"]),
            season_to_month=int(row["season_to_month"]),
            shelf_life_days=int(row["shelf_life_days"]),
            temperature_class=row["temperature_class"],
            grade=row["grade_zh"],
            certificates=tuple(_certificate(each) for each in row["certificates"].split(";") if each),
            description=row["description_zh"],
            description_en=row["description_en"],
        )
        for row in _rows("products.csv")
    )


@cache
def skus() -> tuple[DemoSku, ...]:
    """All demo SKUs."""
    return tuple(
        DemoSku(
            key=row["sku_key"],
            product_key=row["product_key"],
            specification=row["spec_zh"],
            specification_en=row["spec_en"],
            net_weight_g=int(row["net_weight_g"]),
            price_fen=int(row["price_fen"]),
            initial_stock=int(row["initial_stock"]),
        )
        for row in _rows("skus.csv")
    )


def _certificate(text: str) -> DemoCertificate:
    kind, number, until = text.split(":")
    return DemoCertificate(kind, number, date.fromisoformat(until) if until else None)
