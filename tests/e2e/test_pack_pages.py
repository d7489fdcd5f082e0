"""A pack's own page: a change that waits for a reviewer goes on waiting when the form is saved once more."""

from tests.e2e import desks
from tests.e2e.house import House
from tests.e2e.market import Market


async def test_a_pack_saved_twice_keeps_the_change_that_waits(house: House, market: Market):
    own = await desks.supplier(house)
    pack = await market.pack(str(own.person.organisation_id), net_weight_g=500)
    product, here = f"/work/products/{pack.product_id}", f"/work/products/{pack.product_id}/packs/{pack.sku_id}"

    async def waiting() -> list[tuple[str, object]]:
        bench = await market.must(
            "catalog", "GET", f"/v1/products/{pack.product_id}/workbench", market.of_supplier(pack.supplier_id)
        )
        changes = bench["pending"]["changes"] if bench["pending"] else []
        return [(each["field"].rpartition(".")[2], each["after"]) for each in changes]

    shown = await own.open(here)
    first = await own.send(shown, here, {"net_weight_g": "450", "verb": "facts"}, holding="net_weight_g")
    assert (first.status, await waiting()) == (200, [("net_weight_g", 450)])
    assert first.form(here, holding="net_weight_g").values["net_weight_g"] == ["450"]
    again = await own.send(first, here, {"grade": "一级", "verb": "facts"}, holding="net_weight_g")
    assert again.status == 200
    assert ("net_weight_g", 450) in await waiting()
    back = await own.send(again, here, {"net_weight_g": "500", "grade": "", "verb": "facts"}, holding="net_weight_g")
    assert (back.status, await waiting()) == (200, [])
    assert (await own.open(product)).status == 200
