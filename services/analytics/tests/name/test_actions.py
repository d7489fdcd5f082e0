"""What suppliers and products are called: the latest word of the catalog."""

from uuid import uuid4

from factories import envelopes, sku_listed

SUPPLIER, PRODUCT = uuid4(), uuid4()


def named(title, **given):
    return sku_listed(supplier_id=SUPPLIER, product_id=PRODUCT, product_title=title, **given)


async def test_the_latest_name_wins_whenever_it_comes(feeds, figures):
    old, new = envelopes(named("旧名"), named("新名", product_title_en="New name"))
    await feeds.apply_catalog([new])
    await feeds.apply_catalog([old])
    found = await figures.names.list_names("product", [str(PRODUCT)], position="1")
    assert found == {str(PRODUCT): ("新名", "New name")}


async def test_a_new_name_is_seen_when_the_catalog_feed_has_moved(feeds, figures):
    await feeds.apply_catalog(envelopes(named("旧名", product_title_en="")))
    assert await figures.names.list_names("product", [str(PRODUCT)], position="1") == {str(PRODUCT): ("旧名", "旧名")}
    await feeds.apply_catalog(envelopes(named("新名", product_title_en=""), first=2))
    assert await figures.names.list_names("product", [str(PRODUCT)], position="2") == {str(PRODUCT): ("新名", "新名")}


async def test_what_nobody_named_is_shown_as_it_is(figures):
    stranger = str(uuid4())
    assert await figures.names.list_names("supplier", [stranger], position="1") == {stranger: (stranger, stranger)}
    assert await figures.names.list_names("category", ["moss"], position="1") == {"moss": ("moss", "moss")}
    assert await figures.names.list_names("origin_county", ["999999"], position="1") == {"999999": ("999999", "999999")}
