"""Filing licences, telling of their end, and what ends with them."""

from datetime import timedelta
from uuid import uuid4

import pytest

from catalog.licence import actions, queries
from catalog.sku import actions as sku_actions
from catalog.sku import queries as sku_queries
from catalog.supplier import actions as supplier_actions
from shared.errors import Conflict, Invalid
from shared.events.catalog import NoticeIssued, SkuDelisted
from shared.testing import NOW, published


async def act(db, days, *, limit=100):
    """A night's work so many days after the tests' day, in batches."""
    after = await actions.act_on_ends(db, now=NOW + timedelta(days=days), after=None, limit=limit)
    while after is not None:
        after = await actions.act_on_ends(db, now=NOW + timedelta(days=days), after=after, limit=limit)


async def told(db, code):
    return [each for each in await published(db, NoticeIssued) if each.code == code]


async def a_shop(db, make, **given):
    """A supplier with one SKU on the shelf."""
    supplier = await make.supplier(db, **given)
    product = await make.product(db, supplier_id=supplier.supplier_id)
    sku = await make.listed_sku(db, product_id=product.product_id)
    return supplier.supplier_id, sku.sku_id


async def is_listed(db, sku_id):
    return (await sku_queries.get_sku(db, sku_id)).is_listed


async def test_each_reminder_comes_once(db, make, way):
    supplier = await make.supplier(db)
    licence = await way.verified(db, supplier.supplier_id, days=60)
    for days in (0, 0, 1, 29, 30, 31, 53, 60, 60):
        await act(db, days, limit=1)
    notices = await told(db, "licence-ending")
    assert [each.facts["days"] for each in notices] == [60, 30, 7]
    assert {each.organisation_id for each in notices} == {supplier.supplier_id}
    assert notices[0].facts["number"] == licence.number
    assert await told(db, "licence-ended") == []


async def test_a_night_that_was_missed_is_made_up_for(db, make, way):
    supplier = await make.supplier(db)
    await way.verified(db, supplier.supplier_id, days=60)
    await act(db, 40)
    await act(db, 62)
    assert [each.facts["days"] for each in await told(db, "licence-ending")] == [20]
    assert len(await told(db, "licence-ended")) == 1


async def test_nothing_is_told_of_a_licence_that_another_follows(db, make, way):
    supplier = await make.supplier(db)
    await way.verified(db, supplier.supplier_id, days=20)
    await way.verified(db, supplier.supplier_id, days=800)
    await act(db, 0)
    await act(db, 21)
    assert await told(db, "licence-ending") == await told(db, "licence-ended") == []


async def test_the_end_of_a_business_licence_clears_the_shelf(db, make, way):
    supplier_id, sku_id = await a_shop(db, make)
    await way.verified(db, supplier_id, days=10)
    await act(db, 10)
    assert await is_listed(db, sku_id)
    for _ in range(2):
        await act(db, 11)
    assert not await is_listed(db, sku_id)
    [event] = await published(db, SkuDelisted)
    assert event.reason == "licence-ended: business_licence"
    later = NOW + timedelta(days=11)
    with pytest.raises(Conflict) as refused:
        await sku_actions.list_sku(db, sku_id=sku_id, now=later)
    assert refused.value.code == "licence-ended"
    await way.verified(db, supplier_id, days=800)
    assert await is_listed(db, sku_id)


async def test_a_new_licence_does_not_bring_back_what_the_supplier_took_off(db, make, way):
    supplier_id, sku_id = await a_shop(db, make)
    await way.verified(db, supplier_id, days=10)
    await act(db, 11)
    await sku_actions.delist_sku(db, sku_id=sku_id, reason="换包装", now=NOW)
    await way.verified(db, supplier_id, days=800)
    assert not await is_listed(db, sku_id)


async def test_a_production_licence_closes_only_its_shelves(db, make, way):
    supplier_id, fruit_id = await a_shop(db, make)
    milk = await make.product(db, supplier_id=supplier_id, category="dairy", picture="milk")
    milk_sku = await make.listed_sku(db, product_id=milk.product_id)
    await way.verified(db, supplier_id, type_id="food_production", days=3)
    await act(db, 4)
    assert (await is_listed(db, fruit_id), await is_listed(db, milk_sku.sku_id)) == (True, False)


async def test_an_agent_sells_only_by_a_mandate_in_force_of_an_active_supplier(db, make, way):
    principal = await make.supplier(db)
    agent = await make.supplier(db, kind="agent", uscc=make.a_uscc("91"))
    product = await make.product(db, supplier_id=agent.supplier_id)
    sku = await make.sku(db, product_id=product.product_id)

    async def may_list(now=NOW):
        try:
            await sku_actions.list_sku(db, sku_id=sku.sku_id, now=now)
        except Conflict as refusal:
            return refusal.code
        return "listed"

    assert await may_list() == "mandate-missing"
    await way.verified(db, agent.supplier_id, type_id="agency_mandate", principal_id=principal.supplier_id, days=100)
    assert await may_list() == "listed"
    await supplier_actions.change_status(
        db, supplier_id=principal.supplier_id, verb="suspend", reason="抽检不合格", caller=way.PLATFORM, now=NOW
    )
    assert not await is_listed(db, sku.sku_id)
    assert [each.organisation_id for each in await told(db, "principal-gone")] == [agent.supplier_id]
    assert await may_list() == "mandate-missing"
    await supplier_actions.change_status(
        db, supplier_id=principal.supplier_id, verb="resume", caller=way.PLATFORM, now=NOW
    )
    assert await may_list() == "listed"
    await act(db, 101)
    assert not await is_listed(db, sku.sku_id)
    assert await may_list(NOW + timedelta(days=101)) == "mandate-missing"


async def test_an_agent_with_another_principal_goes_on_selling(db, make, way):
    first, second = await make.supplier(db), await make.supplier(db)
    agent = await make.supplier(db, kind="agent", uscc=make.a_uscc("91"))
    for principal in (first, second):
        await way.verified(db, agent.supplier_id, type_id="agency_mandate", principal_id=principal.supplier_id)
    product = await make.product(db, supplier_id=agent.supplier_id)
    sku = await make.listed_sku(db, product_id=product.product_id)
    await supplier_actions.change_status(
        db, supplier_id=first.supplier_id, verb="suspend", reason="x", caller=way.PLATFORM, now=NOW
    )
    assert await is_listed(db, sku.sku_id)
    assert await told(db, "principal-gone") == []


async def test_a_withdrawn_licence_takes_what_it_alone_allowed_with_it(db, make, way):
    supplier_id, sku_id = await a_shop(db, make)
    licence = await way.verified(db, supplier_id)
    await actions.change_status(
        db,
        licence_id=licence.licence_id,
        verb="withdraw",
        expected_revision=licence.revision,
        caller=way.of(supplier_id),
        now=NOW,
    )
    assert not await is_listed(db, sku_id)


async def test_what_cannot_be_filed(db, make, way):
    supplier = await make.supplier(db)
    agent = await make.supplier(db, kind="agent", uscc=make.a_uscc("91"))
    other_agent = await make.supplier(db, kind="agent", uscc=make.a_uscc("91"))
    licence = await way.licence(db, supplier.supplier_id, number="甲1")
    mandate = {"type_id": "agency_mandate"}
    for supplier_id, given, code in (
        (supplier.supplier_id, {"number": "甲1"}, "licence-exists"),
        (supplier.supplier_id, {"document_id": await way.document(db, agent.supplier_id)}, "document-unknown"),
        (supplier.supplier_id, {"days": -1}, "licence-ended"),
        (supplier.supplier_id, {**mandate, "principal_id": agent.supplier_id}, "agents-only"),
        (agent.supplier_id, {**mandate, "principal_id": uuid4()}, "principal-unknown"),
        (agent.supplier_id, {**mandate, "principal_id": other_agent.supplier_id}, "principal-unknown"),
        (agent.supplier_id, mandate, "principal-missing"),
    ):
        with pytest.raises((Conflict, Invalid)) as refused:
            await way.licence(db, supplier_id, **given)
        assert refused.value.code == code
    assert [each.licence_id for each in await queries.list_licences(db, supplier.supplier_id)] == [licence.licence_id]


async def test_who_left_files_nothing_more(db, make, way):
    supplier = await make.supplier(db)
    await supplier_actions.change_status(
        db, supplier_id=supplier.supplier_id, verb="exit", reason="停业", caller=way.of(supplier.supplier_id), now=NOW
    )
    with pytest.raises(Conflict) as refused:
        await way.licence(db, supplier.supplier_id)
    assert refused.value.code == "supplier-exited"
