"""Promotions, coupons and carriage of the demo. All invented; made by the actions of orders, once."""

import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from deploy.demo.accounts import CONSUMER, OPERATOR, supplier_account
from deploy.demo.market import missing
from deploy.demo.tables import demo_id
from orders.delivery import actions as delivery_actions
from orders.delivery.calendar import carriage_data
from orders.promotion import actions
from orders.promotion.schemas import PromotionIn
from shared.auth import Caller
from shared.clock import business_day, day_range
from shared.db import Database

_LISTS: Final = ("items", "gifts", "offers")


def demo_promotions() -> list[dict[str, Any]]:
    """The promotions as the table has them."""
    table = files("deploy.demo").joinpath("data", "promotions.toml").read_text("utf-8")
    found: list[dict[str, Any]] = tomllib.loads(table)["promotion"]
    return found


COUNT: Final = len(demo_promotions())


async def load_promotions(database: Database, *, now: datetime, advance: Callable[[int], None]) -> None:
    """The platform's carriage, then one promotion a transaction; what is there already is left as it is."""
    rows = demo_promotions()
    new = await missing(database, "promotions", "promotion_id", [_promotion_id(row) for row in rows])
    if len(new) == len(rows):
        async with database.begin() as db:
            await delivery_actions.load_carriage(db, carriage_data())
    for row in rows:
        if _promotion_id(row) in new:
            async with database.begin() as db:
                await _load(db, row, now=now)
        advance(1)


async def _load(db: AsyncSession, row: dict[str, Any], *, now: datetime) -> None:
    promotion_id, caller = _promotion_id(row), _owner(row)
    facts = PromotionIn.model_validate(body_of(row, now)).facts()
    await actions.create_promotion(db, promotion_id=promotion_id, facts=facts, caller=caller, now=now)
    for revision, verb in enumerate(row.get("moves", ["activate"]), 1):
        await actions.move_promotion(
            db,
            promotion_id=promotion_id,
            verb=verb,
            expected_revision=revision,
            reason=row.get("reason", ""),
            caller=caller,
            now=now,
        )
    if codes := row.get("codes"):
        coupons = [(demo_id("coupon", code), code) for code in codes]
        await actions.issue_coupons(db, promotion_id=promotion_id, coupons=coupons, caller=caller, now=now)
    if row.get("is_taken"):
        await actions.claim_coupon(
            db,
            promotion_id=promotion_id,
            coupon_id=demo_id("coupon", row["key"]),
            person_id=CONSUMER.person_id,
            now=now,
        )


def body_of(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A row of the table as a promotion's owner would write it, from today on."""
    today = business_day(now)
    body: dict[str, Any] = {
        name: row[name]
        for name in (
            "kind", "name", "name_en", "priority", "exclusive_group", "person_cap", "budget_fen", "is_claimable",
            "coupon_limit",
        )
        if name in row
    }  # fmt: skip
    scope: dict[str, list[str]] = {
        name: list(row[name]) for name in ("categories", "designations", "counties") if name in row
    }
    if "skus" in row:
        scope["sku_ids"] = [str(demo_id("sku", key)) for key in row["skus"]]
    terms = dict(row["terms"])
    for name in _LISTS:
        if name in terms:
            terms[name] = [{**_without_key(each), "sku_id": str(demo_id("sku", each["sku"]))} for each in terms[name]]
    return {
        **body,
        "starts_at": day_range(today)[0].isoformat(),
        "ends_at": day_range(today + timedelta(days=row["days"]))[1].isoformat(),
        "scope": scope,
        "terms": terms,
    }


def _without_key(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "sku"}


def _owner(row: dict[str, Any]) -> Caller:
    if "supplier" not in row:
        return Caller(OPERATOR.person_id, OPERATOR.organisation_id, "operator", frozenset(OPERATOR.roles))
    account = supplier_account(row["supplier"])
    return Caller(account.person_id, account.organisation_id, "supplier", frozenset(account.roles))


def _promotion_id(row: dict[str, Any]) -> UUID:
    return demo_id("promotion", row["key"])
