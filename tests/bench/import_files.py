"""Spreadsheets of any length to import, and the same rows as COPY takes them."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from shared.ids import new_id

COUNTY = "420325"
MARK = "试装"
"""All that the bench imports has it in its township or title, by which it is found again and removed."""
COPIED = (
    "entry_id",
    "county_code",
    "township",
    "village",
    "enterprise",
    "product_name",
    "category",
    "year",
    "scale_value",
    "scale_unit",
    "yearly_output_g",
    "season_from_month",
    "season_to_month",
    "price_from_fen",
    "price_to_fen",
    "operator_name",
    "expected_persons_count",
    "status",
    "created_at",
    "changed_at",
)
_SUPPLY_HEADS = (
    "县",
    "乡镇",
    "村",
    "品名",
    "类别",
    "年度",
    "种养规模",
    "年产量（吨）",
    "上市季节",
    "市场价格区间（元/斤）",
    "经营主体",
    "预计带动人数",
)
_PRODUCT_HEADS = (
    "商品编码",
    "产品名称",
    "类别",
    "产地县",
    "规格",
    "净重（公斤）",
    "单价（元）",
    "上市季节",
    "保质期（天）",
    "储运温区",
    "等级",
    "产品介绍",
)


def write_supply(path: Path, count: int, turn: int) -> None:
    """Villages' entries; `turn` keeps one file's rows apart from another's."""
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(_SUPPLY_HEADS)
        for number in range(count):
            place, village = f"{MARK}{turn}第{number % 30}乡", f"第{number // 30}村"
            size, output, helped = f"{number % 900 + 1}亩", f"{number % 70 + 1}", str(number % 90)
            fixed = ("花菇", "菌菇山珍", "2026", size, output, "3-5月", "35-48", "大山合作社", helped)
            writer.writerow((COUNTY, place, village, *fixed))


def supply_records(count: int, turn: int) -> Iterator[tuple[Any, ...]]:
    """The rows of `write_supply` as they are stored."""
    now = datetime.now(UTC)
    for number in range(count):
        yield (
            new_id(),
            COUNTY,
            f"{MARK}{turn}第{number % 30}乡",
            f"第{number // 30}村",
            "",
            "花菇",
            "mushroom",
            2026,
            Decimal(number % 900 + 1),
            "mu",
            (number % 70 + 1) * 1_000_000,
            3,
            5,
            3500,
            4800,
            "大山合作社",
            number % 90,
            "CONFIRMED",
            now,
            now,
        )


def write_products(path: Path, count: int, turn: int) -> None:
    """Packs, three of a product."""
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(_PRODUCT_HEADS)
        for number in range(count):
            size = number % 3 + 1
            writer.writerow(
                (
                    f"{MARK}{turn}-{number}",
                    f"{MARK}{turn} 高山苹果{number // 3}号",
                    "水果",
                    COUNTY,
                    f"{size}kg 礼盒",
                    str(size),
                    f"{10 + number % 90}.90",
                    "9月-12月",
                    "60",
                    "苹果/梨",
                    "一级",
                    "高山产，脆甜多汁。",
                )
            )
