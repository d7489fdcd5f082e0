"""The form of a listed product: what waits for a reviewer stands in it, and saving it again loses nothing."""

from tests.e2e import desks
from tests.e2e.house import House
from tests.e2e.market import Market


async def test_a_second_save_keeps_what_waits_and_tells_only_what_was_typed_over(house: House, market: Market):
    supplier = await desks.supplier(house)
    pack = await market.pack(str(supplier.person.organisation_id), stock=0)
    here = f"/work/products/{pack.product_id}"
    first = await supplier.fill(here, here, {"description": "海拔九百米的段木香菇。"}, holding="title")
    assert "审核通过前买家看到原来的样子" in first.notices["status"]
    assert first.form(here, holding="title").values["description"] == ["海拔九百米的段木香菇。"]
    await supplier.send(first, here, {"grade": "特级"}, holding="title")

    own = market.of_supplier(pack.supplier_id)
    bench = await market.must("catalog", "GET", f"/v1/products/{pack.product_id}/workbench", own)
    waits = {each["field"]: each["after"] for each in bench["pending"]["changes"]}
    assert waits == {"description": "海拔九百米的段木香菇。", "grade": "特级"}
    assert [each["reason"] for each in bench["trail"] if each["verb"] == "propose"] == ["description", "grade"]


async def test_what_waits_is_taken_back_by_typing_the_old_words_again(house: House, market: Market):
    supplier = await desks.supplier(house)
    pack = await market.pack(str(supplier.person.organisation_id), stock=0)
    here = f"/work/products/{pack.product_id}"
    before = (await supplier.open(here)).form(here, holding="title").values["description"]
    changed = await supplier.fill(here, here, {"description": "写错了。"}, holding="title")
    back = await supplier.send(changed, here, {"description": before}, holding="title")
    assert back.form(here, holding="title").values["description"] == before
    own = market.of_supplier(pack.supplier_id)
    bench = await market.must("catalog", "GET", f"/v1/products/{pack.product_id}/workbench", own)
    assert bench["pending"] is None


async def test_an_order_of_pictures_does_not_lose_one_that_waits(house: House, market: Market):
    supplier = await desks.supplier(house)
    pack = await market.pack(str(supplier.person.organisation_id), stock=0)
    here, pictures = f"/work/products/{pack.product_id}", f"/work/products/{pack.product_id}/pictures"
    photo = ("new.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 64)
    sent = await supplier.fill(here, pictures, {"verb": "send"}, files={"photo": photo})
    shown = sent.form(pictures, holding="picture").values["picture"]
    assert len(shown) == 2
    moved = await supplier.send(sent, pictures, {"verb": "first", "chosen": shown[1]}, holding="picture")
    assert moved.form(pictures, holding="picture").values["picture"] == [shown[1], shown[0]]
