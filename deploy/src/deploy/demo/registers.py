"""Loading the registers: supply and surveys, tourism, labour, fairs. All of it is invented; the counties are real."""

import csv
import hashlib
import random
import tomllib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.fair import actions as fair_actions
from catalog.supply import actions as supply_actions
from catalog.survey import actions as survey_actions
from catalog.tourism import actions as tourism_actions
from deploy.demo.market import in_batches, missing
from deploy.demo.tables import demo_id, products, suppliers
from shared.auth import Caller
from shared.clock import business_day
from shared.db import Database

Advance = Callable[[int], None]
_TOWNSHIPS = ("城关镇", "河口乡", "青山镇", "石桥镇", "白云乡", "龙泉镇", "大坪乡", "双溪镇")
_VILLAGES = ("上坪村", "桃源村", "清水村", "岩湾村", "新田村", "向阳村", "杉林村", "月亮湾村", "马家寨村", "东沟村")
_GRAMS_PER_KG = 1000


def a_desk(county_code: str, *roles: str) -> Caller:
    """An office of a county, for what is entered there."""
    return Caller(
        demo_id("person", f"desk-{county_code}"),
        demo_id("organisation", f"desk-{county_code}"),
        "official",
        frozenset(roles or ("agriculture", "assistance")),
        (county_code,),
    )


@cache
def crops() -> dict[str, dict[str, str]]:
    """What a village says of each kind of product that is on sale: units, yields, months and farm-gate prices."""
    text = (files("deploy.demo") / "data" / "crops.csv").read_text(encoding="utf-8")
    return {row["kind"]: row for row in csv.DictReader(text.splitlines())}


@cache
def tables(name: str) -> dict[str, list[dict[str, Any]]]:
    """A toml file of the demo."""
    return tomllib.loads((files("deploy.demo") / "data" / name).read_text(encoding="utf-8"))


def supply_rows(year: int) -> list[dict[str, Any]]:
    """For each kind of product that a county sells: what two or three villages, and its operator, grow of it."""
    owners = {each.key: each for each in suppliers()}
    seen: set[tuple[str, str]] = set()
    rows = []
    for each in products():
        crop, key = crops().get(each.picture), (each.origin_county_code, each.picture)
        if crop is None or key in seen:
            continue
        seen.add(key)
        chance = random.Random("|".join(key))  # noqa: S311 - a demo wants the same villages every time
        owner = owners[each.supplier_key]
        holders = [(village, "") for village in chance.sample(_VILLAGES, k=chance.choice((1, 2, 2, 3)))]
        for village, enterprise in [*holders, ("", owner.name)]:
            rows.append(_supply_row(crop, each.origin_county_code, village, enterprise, owner, chance, year))
    return rows


def _supply_row(
    crop: dict[str, str], county: str, village: str, enterprise: str, owner: Any, chance: random.Random, year: int
) -> dict[str, Any]:
    smallest, largest = float(crop["smallest"]), float(crop["largest"])
    scale = round(smallest + (largest - smallest) * chance.random() ** 2)
    output_kg = scale * float(crop["kg_per_unit"]) * chance.uniform(0.85, 1.1)
    output_g = max(1, round(output_kg)) * _GRAMS_PER_KG
    is_operators = bool(enterprise) or chance.random() < 0.5  # noqa: PLR2004 - half of the villages sell through it
    return {
        "county_code": county,
        "township": chance.choice(_TOWNSHIPS),
        "village": village,
        "enterprise": enterprise,
        "product_name": crop["product"],
        "category": crop["category"],
        "year": year,
        "scale_value": Decimal(scale),
        "scale_unit": crop["unit"],
        "yearly_output_g": output_g,
        "season_from_month": int(crop["from_month"]),
        "season_to_month": int(crop["to_month"]),
        "price_from_fen": int(crop["price_from_fen"]),
        "price_to_fen": int(crop["price_to_fen"]),
        "operator_supplier_id": owner.supplier_id if is_operators else None,
        "operator_name": owner.name if is_operators else "村集体经济合作社（演示）",
        "contact": f"0{chance.randint(300, 999)}-555{chance.randint(0, 9999):04d}",
        "is_contact_public": bool(enterprise),
        "expected_persons_count": chance.randint(12, 90) if village else owner.linked_households,
        "sold_g": output_g * chance.randint(5, 92) // 100,
    }


async def load_registers(database: Database, *, now: datetime, advance: Advance) -> None:
    """All registers; what is there already is skipped, or changes nothing."""
    year = business_day(now).year
    operator = Caller(demo_id("person", "operator"), None, "operator")

    async def add_supply(db: AsyncSession, batch: list[dict[str, Any]]) -> None:
        await supply_actions.upsert_entries(db, batch, caller=operator, now=now - timedelta(days=120))

    rows = supply_rows(year)
    batches = [rows[start : start + 200] for start in range(0, len(rows), 200)]
    await in_batches(database, batches, add_supply, lambda _: None, size=1)
    advance(1)
    await _load_surveys(database, rows, now=now)
    await _load_tourism(database, now=now)
    advance(1)
    await _load_fairs(database, now=now)
    advance(1)


async def _load_surveys(database: Database, rows: list[dict[str, Any]], *, now: datetime) -> None:
    """Each seventh village counted what it has left, and sold some of that since."""
    counted = [row for row in rows if row["village"]][::7]
    keys = {demo_id("survey", f"{row['county_code']}-{row['village']}-{row['product_name']}"): row for row in counted}
    new = await missing(database, "survey_reports", "report_id", keys)

    async def report(db: AsyncSession, report_id: UUID) -> None:
        row = keys[report_id]
        chance = random.Random(report_id.int)  # noqa: S311
        left = max(1000, (row["yearly_output_g"] - row["sold_g"]) * chance.randint(40, 110) // 100)
        desk = a_desk(row["county_code"], "township")
        place = {name: row[name] for name in ("county_code", "township", "village", "product_name", "category", "year")}
        await survey_actions.report_need(
            db,
            report_id=report_id,
            **place,
            quantity_g=left,
            until_on=business_day(now) + timedelta(days=chance.randint(20, 110)),
            office_name=f"驻{row['village']}工作队",
            caller=desk,
            now=now - timedelta(hours=chance.randint(2, 200)),
        )
        if chance.random() < 0.4:  # noqa: PLR2004
            await survey_actions.take_off(
                db,
                report_id=report_id,
                absorption_id=demo_id("absorption", str(report_id)),
                kind=chance.choice(("sold", "absorbed")),
                quantity_g=max(1, left * chance.randint(10, 45) // 100),
                buyer_name=chance.choice(("示范市第一中学食堂", "演示农产品批发市场", "某单位工会")),
                happened_on=business_day(now),
                caller=desk,
                now=now,
            )

    await in_batches(database, sorted(new), report, lambda _: None, size=40)


async def _load_tourism(database: Database, *, now: datetime) -> None:
    spots = {demo_id("spot", each["key"]): each for each in tables("tourism.toml")["spot"]}
    routes = {demo_id("route", each["key"]): each for each in tables("tourism.toml")["route"]}
    new_spots = await missing(database, "tourism_spots", "spot_id", spots)
    new_routes = await missing(database, "tourism_routes", "route_id", routes)

    async def add_spot(db: AsyncSession, spot_id: UUID) -> None:
        each = spots[spot_id]
        desk = a_desk(each["county_code"])
        names = ("county_code", "township", "village", "kind", "name", "name_en", "description", "description_en")
        facts = {name: each[name] for name in (*names, "opening")} | {
            "open_from_month": each["months"][0],
            "open_to_month": each["months"][1],
            "contact_phone": f"0{int(each['county_code']) % 900 + 100}-5550{spot_id.int % 1000:03d}",
            "picture_ids": [],
        }
        at = now - timedelta(days=90)
        await tourism_actions.create_spot(db, spot_id=spot_id, facts=facts, caller=desk, now=at)
        await tourism_actions.move_spot(db, spot_id=spot_id, verb="publish", expected_revision=1, caller=desk, now=at)

    async def add_route(db: AsyncSession, route_id: UUID) -> None:
        each = routes[route_id]
        desk = a_desk(each["county_code"])
        names = ("county_code", "name", "name_en", "description", "description_en")
        facts = {name: each[name] for name in names} | {
            "day_count": each["days"],
            "distance_m": each["distance_km"] * 1000,
        }
        stops = [demo_id("spot", key) for key in each["spots"]]
        at = now - timedelta(days=80)
        await tourism_actions.create_route(db, route_id=route_id, facts=facts, spot_ids=stops, caller=desk, now=at)
        await tourism_actions.move_route(
            db, route_id=route_id, verb="publish", expected_revision=1, caller=desk, now=at
        )

    await in_batches(database, sorted(new_spots), add_spot, lambda _: None, size=20)
    await in_batches(database, sorted(new_routes), add_route, lambda _: None, size=20)


async def _load_fairs(database: Database, *, now: datetime) -> None:
    fairs = {demo_id("fair", each["key"]): each for each in tables("fairs.toml")["fair"]}
    new = await missing(database, "fairs", "fair_id", fairs)

    async def add_fair(db: AsyncSession, fair_id: UUID) -> None:
        each = fairs[fair_id]
        chance = random.Random(each["key"])  # noqa: S311
        desk = a_desk(each["county_code"])
        first = business_day(now) + timedelta(days=each["from_day"])
        names = ("county_code", "venue", "name", "name_en", "description", "description_en", "organiser")
        facts = {name: each[name] for name in names} | {
            "from_on": first,
            "until_on": first + timedelta(days=each["days"] - 1),
        }
        at = now - timedelta(days=70)
        await fair_actions.plan_fair(db, fair_id=fair_id, facts=facts, caller=desk, now=at)
        await fair_actions.move_fair(db, fair_id=fair_id, verb="announce", expected_revision=1, caller=desk, now=at)
        for seller in _sellers(each["county_code"], each["participants"], chance):
            participant_id = demo_id("participant", f"{each['key']}-{seller.key}")
            await fair_actions.enrol(
                db,
                fair_id=fair_id,
                participant_id=participant_id,
                supplier_id=seller.supplier_id,
                name="",
                booth=f"{chance.choice('ABC')}{chance.randint(1, 30)}",
                caller=desk,
                now=at,
            )
            sold = [
                crops()[own.picture] for own in products() if own.supplier_key == seller.key and own.picture in crops()
            ]
            if each["from_day"] >= 0 or not sold:
                continue
            quantity_g = chance.randint(2, 60) * 500_000
            await fair_actions.register_deal(
                db,
                fair_id=fair_id,
                deal_id=demo_id("deal", str(participant_id)),
                participant_id=participant_id,
                buyer_name=chance.choice(("示范市教育后勤（演示）", "某连锁超市（演示）", "演示农批市场")),
                product_name=sold[0]["product"],
                quantity_g=quantity_g,
                amount_fen=quantity_g // 500 * int(sold[0]["price_to_fen"]),
                agreed_on=first,
                caller=desk,
                now=now,
            )

    await in_batches(database, sorted(new), add_fair, lambda _: None, size=2)


def _sellers(county_code: str, count: int, chance: random.Random) -> Iterable[Any]:
    near = [each for each in suppliers() if each.county_code[:2] == county_code[:2]]
    return chance.sample(near, k=min(count, len(near)))


def nobodys_key(name: str) -> bytes:
    """A key in the place of a worker's: of nobody, so that no secret is needed."""
    return hashlib.sha256(f"zhunong demo {name}".encode()).digest()
