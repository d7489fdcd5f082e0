"""Purchases: asked for, approved, changed, taken back; the money set apart follows (T25)."""

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from orders.purchase import actions, queries
from orders.purchase.rules import PurchaseLine
from orders.sku import actions as sku_actions
from services.orders.tests.factories import ADDRESS, NOW
from services.orders.tests.purchase.buying import (
    Office,
    a_purchase,
    a_sku,
    an_office,
    approved,
    case_of,
    decided,
    submitted,
)
from shared.errors import Refusal
from shared.events.catalog import SkuRevised

HELD = text("""
    SELECT year, fund, committed_fen, consumed_fen FROM budgets
    WHERE unit_id = :unit_id AND committed_fen + consumed_fen > 0 ORDER BY year, fund
""")


async def held(db: AsyncSession, office: Office) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await db.execute(HELD, {"unit_id": office.unit_id})]


async def refusal_of(act: Awaitable[Any]) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await act
    return refused.value


async def price(db: AsyncSession, sku: Any, price_fen: int) -> None:
    facts = sku.model_dump() | {"price_fen": price_fen, "revision": sku.revision + 1, "revised_at": NOW}
    facts.pop("listed_at")
    await sku_actions.revise_sku(db, SkuRevised(**facts), revised_at=NOW)


async def edited(db: AsyncSession, office: Office, purchase: Any, *lines: PurchaseLine, **given: Any) -> Any:
    facts: dict[str, Any] = {
        "purchase_id": purchase.purchase_id,
        "expected_revision": purchase.revision,
        "fund": "CANTEEN",
        "lines": lines or None,
        "title": "食堂干货",
        "note": "",
        "address": ADDRESS,
        "by": office.caller("buyer").person_id,
        "now": NOW,
    }
    return await actions.edit_purchase(db, **{**facts, **given})


async def test_a_purchase_sets_its_money_apart_when_it_is_submitted(db: AsyncSession):
    office = await an_office(db)
    purchase = await a_purchase(db, office)
    assert (purchase.status, purchase.total_fen, await held(db, office)) == ("DRAFT", 39_800, [])
    await submitted(db, office, purchase)
    assert (purchase.status, await held(db, office)) == ("SUBMITTED", [(2026, "CANTEEN", 39_800, 0)])
    await decided(db, office, purchase)
    assert (purchase.status, purchase.approved_digest) == ("APPROVED", purchase.digest)


async def test_a_basket_that_changes_after_its_approval_voids_it_and_frees_the_money(db: AsyncSession):
    office = await an_office(db)
    sku = await a_sku(db)
    purchase = await approved(db, office, await a_purchase(db, office, PurchaseLine(sku.sku_id, 10)))
    await edited(db, office, purchase, PurchaseLine(sku.sku_id, 11))
    assert (purchase.status, await held(db, office)) == ("VOIDED", [])
    assert (await case_of(db, purchase.purchase_id)).status == "VOIDED"
    await submitted(db, office, purchase)
    assert (purchase.status, await held(db, office)) == ("SUBMITTED", [(2026, "CANTEEN", 43_780, 0)])
    assert (await case_of(db, purchase.purchase_id)).digest == purchase.digest


@pytest.mark.parametrize("changed", [{"fund": "UNION"}, {"address": None}])
async def test_another_fund_or_address_voids_it_too(db: AsyncSession, changed: dict[str, Any]):
    office = await an_office(db)
    purchase = await submitted(db, office, await a_purchase(db, office))
    await edited(db, office, purchase, **changed)
    assert (purchase.status, await held(db, office)) == ("VOIDED", [])


async def test_another_title_leaves_the_approval_as_it_is(db: AsyncSession):
    office = await an_office(db)
    purchase = await approved(db, office, await a_purchase(db, office))
    await edited(db, office, purchase, title="食堂干货(十二月)")
    assert (purchase.status, purchase.title) == ("APPROVED", "食堂干货(十二月)")
    assert await held(db, office) == [(2026, "CANTEEN", 39_800, 0)]


async def test_a_refused_purchase_frees_its_money_and_ends(db: AsyncSession):
    office = await an_office(db)
    purchase = await submitted(db, office, await a_purchase(db, office))
    await decided(db, office, purchase, verdict="REFUSE")
    assert (purchase.status, await held(db, office)) == ("REFUSED", [])
    refused = await refusal_of(submitted(db, office, purchase))
    assert (refused.code, refused.extra["status_now"]) == ("purchase-status", "REFUSED")


async def test_a_withdrawn_purchase_may_be_asked_for_again(db: AsyncSession):
    office = await an_office(db)
    purchase = await approved(db, office, await a_purchase(db, office))
    by = office.caller("buyer").person_id
    await actions.withdraw_purchase(
        db, purchase_id=purchase.purchase_id, expected_revision=purchase.revision, reason="改日再买", by=by, now=NOW
    )
    assert (purchase.status, await held(db, office)) == ("WITHDRAWN", [])
    await approved(db, office, purchase)
    assert (purchase.status, await held(db, office)) == ("APPROVED", [(2026, "CANTEEN", 39_800, 0)])


async def test_what_is_submitted_after_midnight_in_shanghai_is_paid_by_the_new_year(db: AsyncSession):
    office = await an_office(db, budget_fen=50_000)
    midnight = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    late, early = await a_purchase(db, office), await a_purchase(db, office)
    await submitted(db, office, late, now=midnight - timedelta(seconds=1))
    refused = await refusal_of(submitted(db, office, early, now=midnight))
    assert (refused.code, refused.extra["year"], refused.extra["left_fen"]) == ("budget-exceeded", 2027, 0)
    assert await held(db, office) == [(2026, "CANTEEN", 39_800, 0)]


async def test_a_price_that_changed_is_told_before_anything_is_asked_for(db: AsyncSession):
    office = await an_office(db)
    sku = await a_sku(db)
    purchase = await a_purchase(db, office, PurchaseLine(sku.sku_id, 10))
    await price(db, sku, 4200)
    refused = await refusal_of(submitted(db, office, purchase))
    [difference] = refused.extra["differences"]
    assert (refused.code, difference["seen_price_fen"], difference["unit_price_fen"]) == ("price-changed", 3980, 4200)
    await edited(db, office, purchase, PurchaseLine(sku.sku_id, 10))
    await submitted(db, office, purchase)
    assert await held(db, office) == [(2026, "CANTEEN", 42_000, 0)]


async def test_an_agreed_price_stays_whatever_the_list_says(db: AsyncSession):
    office = await an_office(db)
    sku = await a_sku(db)
    award = uuid4()
    given: dict[str, Any] = {"way": "QUOTATION", "source_id": award}
    purchase = await a_purchase(db, office, PurchaseLine(sku.sku_id, 10, 3500), **given)
    await price(db, sku, 4200)
    await submitted(db, office, purchase)
    assert await held(db, office) == [(2026, "CANTEEN", 35_000, 0)]
    assert (await refusal_of(a_purchase(db, office, PurchaseLine(sku.sku_id, 1, 1), **given))).code == "purchase-exists"
    assert await queries.find_of_source(db, "QUOTATION", award) is purchase
    changed = edited(db, office, purchase, PurchaseLine(sku.sku_id, 20))
    assert (await refusal_of(changed)).code == "purchase-lines-agreed"


async def test_what_a_contract_covers_is_approved_at_once(db: AsyncSession):
    office = await an_office(db)
    purchase = await a_purchase(db, office, way="CALL_OFF", source_id=uuid4())
    await submitted(db, office, purchase, by=None, is_approved_by=("contract", uuid4()))
    assert (purchase.status, await held(db, office)) == ("APPROVED", [(2026, "CANTEEN", 39_800, 0)])


async def test_a_union_purchase_needs_the_papers_of_its_tier(db: AsyncSession):
    office = await an_office(db)
    sku = await a_sku(db, stock=5000)
    small = await a_purchase(db, office, PurchaseLine(sku.sku_id, 10), fund="UNION")
    refused = await refusal_of(submitted(db, office, small))
    assert (refused.code, refused.extra["missing"]) == ("union-papers-missing", {"MINUTES": 1})
    large = await a_purchase(db, office, PurchaseLine(sku.sku_id, 1000), fund="UNION")
    refused = await refusal_of(submitted(db, office, large))
    assert refused.extra["missing"] == {"GROUP": 3, "QUOTE": 3, "CHAIR": 1}
    awarded = await a_purchase(
        db, office, PurchaseLine(sku.sku_id, 1000, 3900), fund="UNION", way="QUOTATION", source_id=uuid4()
    )
    refused = await refusal_of(submitted(db, office, awarded))
    assert refused.extra["missing"] == {"GROUP": 3, "CHAIR": 1}
    assert await held(db, office) == []


async def test_nothing_is_asked_for_before_it_is_known_where_it_goes(db: AsyncSession):
    office = await an_office(db)
    purchase = await a_purchase(db, office, address=None)
    assert (await refusal_of(submitted(db, office, purchase))).code == "purchase-address-missing"


async def test_a_unit_without_a_union_buys_nothing_for_it(db: AsyncSession):
    office = await an_office(db, has_union=False, has_union_funds=False)
    assert (await refusal_of(a_purchase(db, office, fund="UNION"))).code == "fund-without-union"


async def test_an_unlisted_product_is_not_bought_at_a_listed_price(db: AsyncSession):
    office = await an_office(db)
    unknown = UUID(int=1)
    refused = await refusal_of(a_purchase(db, office, PurchaseLine(unknown, 1)))
    assert (refused.code, refused.extra["skus"]) == (
        "sku-not-listed",
        [{"sku_id": str(unknown), "reason": "unknown"}],
    )
