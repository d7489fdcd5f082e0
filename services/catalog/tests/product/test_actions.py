"""Creating and editing products on real PostgreSQL."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import orjson
import pytest

from catalog.certificate.rules import Proof
from catalog.product import actions
from catalog.product.data import categories, temperature_classes
from catalog.search import actions as search_actions
from catalog.search import queries as search_queries
from shared.direct import fetching
from shared.errors import Conflict, Invalid, NotFound, Stale
from shared.events.catalog import SkuRevised
from shared.testing import NOW, published


async def page_of(app, product_id, now=NOW):
    found = await search_queries.find_detail(fetching(app.state.database), product_id, now=now)
    return None if found is None else orjson.loads(found[0])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"category": "toys"}, "category-unknown"),
        ({"temperature_class": "LUKEWARM"}, "temperature-class-unknown"),
        ({"origin_county_code": "610000"}, "county-unknown"),
        ({"certificates": [Proof("sc_licence", "SC1")]}, "certificate-number-invalid"),
    ],
)
async def test_a_product_that_cannot_be_is_refused(db, make, wrong, code):
    with pytest.raises(Invalid) as refused:
        await make.product(db, **wrong)
    assert refused.value.code == code


async def test_a_product_needs_a_supplier_and_an_id_of_its_own(db, make):
    with pytest.raises(NotFound):
        await make.product(db, supplier_id=uuid4())
    product = await make.product(db)
    with pytest.raises(Conflict) as refused:
        await make.product(db, product_id=product.product_id)
    assert refused.value.code == "product-exists"


async def test_a_draft_is_on_no_page(app, db, make):
    product = await make.product(db)
    await make.sku(db, product_id=product.product_id)
    assert await page_of(app, product.product_id) is None


async def test_a_new_title_is_found_and_announced_and_the_old_one_is_not_found(app, db, make):
    product = await make.listed_product(db, title="红富士苹果")
    await actions.edit_product(
        db, product_id=product.product_id, expected_revision=1, changes={"title": "冰糖橙"}, now=NOW
    )
    assert (await page_of(app, product.product_id))["title"] == "冰糖橙"
    terms = await fetching(app.state.database)(
        "SELECT term FROM search_postings WHERE term = ANY($1) ORDER BY term",
        [["苹果", "冰糖", "chengzi", "bingtangcheng"]],
    )
    assert [row[0] for row in terms] == ["bingtangcheng", "冰糖"]
    [event] = await published(db, SkuRevised)
    assert (event.product_title, event.revision) == ("冰糖橙", 3)


async def test_an_edit_of_an_old_version_changes_nothing(app, db, make):
    product = await make.listed_product(db)
    with pytest.raises(Stale):
        await actions.edit_product(
            db, product_id=product.product_id, expected_revision=7, changes={"title": "x"}, now=NOW
        )
    assert (await page_of(app, product.product_id))["title"] == "红富士苹果"
    assert await published(db, SkuRevised) == []


async def test_a_certificate_leaves_the_card_when_it_runs_out(app, db, make):
    last_day = date(2026, 12, 1)
    product = await make.listed_product(
        db,
        certificates=[
            Proof("organic", "123OP1900001", last_day),
            Proof("sc_licence", "SC11613062478043", date(2030, 1, 1)),
        ],
    )
    midnight = datetime(2026, 12, 1, 16, 0, tzinfo=UTC)  # the end of the day in Shanghai
    before = await page_of(app, product.product_id, midnight - timedelta(microseconds=1))
    after = await page_of(app, product.product_id, midnight)
    assert [each["type"] for each in before["certificates"]] == ["organic", "sc_licence"]
    assert [each["type"] for each in after["certificates"]] == ["sc_licence"]


async def test_cards_learn_of_a_certificate_that_runs_out_later(app, db, make):
    end = date(2027, 6, 1)
    product = await make.listed_product(db, certificates=[Proof("organic", "123OP1900001", end)])
    assert len(await fetching(app.state.database)("SELECT 1 FROM product_cards", [])) == 1
    near = datetime(2027, 4, 1, tzinfo=UTC)
    assert await search_actions.renew_ending_certificates(db, now=near, after=None) == product.product_id
    assert await search_actions.renew_ending_certificates(db, now=near, after=product.product_id) is None
    assert (await page_of(app, product.product_id, datetime(2027, 6, 2, tzinfo=UTC)))["certificates"] == []


async def test_rebuilding_gives_the_same_cards(app, db, make):
    for title in ("红富士苹果", "原木香菇", "古丈毛尖"):
        await make.listed_product(db, title=title)
    fetch = fetching(app.state.database)
    cards = "SELECT card, detail, haystack FROM product_cards ORDER BY product_number, valid_from"
    postings = "SELECT term, rank, product_number FROM search_postings ORDER BY 1, 2, 3"
    before = [await fetch(cards, []), await fetch(postings, [])]
    assert await search_actions.rebuild_cards(db, now=NOW) == 3
    assert [await fetch(cards, []), await fetch(postings, [])] == before


def test_every_shelf_has_two_names_and_every_class_a_range():
    assert all(each.zh and each.en for each in categories().values())
    ranges = [(each.min_c, each.max_c) for each in temperature_classes().values()]
    assert len(ranges) == 34
    assert all(high is not None and (low is None or low < high) for low, high in ranges)
