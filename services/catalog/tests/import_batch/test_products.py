"""Products and packs by import."""

from sqlalchemy import text


async def test_rows_of_one_title_are_packs_of_one_draft(supplier_desk, db, pack_row, csv_of):
    rows = [pack_row(), pack_row(商品编码="XG-1000", 规格="1kg 礼盒", **{"净重（公斤）": "1", "单价（元）": "128"})]
    batch = await supplier_desk.check(csv_of(rows), kind="products")
    assert (batch["status"], batch["new_count"], batch["bad_count"]) == ("CHECKED", 2, 0)
    done = await supplier_desk.write(batch["batch_id"])
    assert (done["status"], done["created_count"]) == ("APPLIED", 2)
    products = (await db.execute(text("SELECT title, status, picture, season_to_month FROM products"))).all()
    assert [tuple(each) for each in products] == [("房县花菇", "DRAFT", "", 5)]
    packs = await db.execute(
        text("SELECT supplier_code, net_weight_g, price_fen FROM skus JOIN sku_prices USING (sku_id) ORDER BY 1")
    )
    assert [tuple(each) for each in packs] == [("XG-1000", 1000, 12800), ("XG-500", 500, 6800)]


async def test_the_same_rows_again_change_nothing_and_a_new_price_is_a_change(supplier_desk, db, pack_row, csv_of):
    await supplier_desk.write((await supplier_desk.check(csv_of([pack_row()]), kind="products"))["batch_id"])
    again = await supplier_desk.check(csv_of([pack_row()]), kind="products")
    assert (again["new_count"], again["changed_count"], again["unchanged_count"]) == (0, 0, 1)
    revised = await supplier_desk.check(csv_of([pack_row(**{"单价（元）": "66", "等级": "一级"})]), kind="products")
    assert (revised["new_count"], revised["changed_count"]) == (0, 1)
    done = await supplier_desk.write(revised["batch_id"])
    assert (done["created_count"], done["updated_count"]) == (0, 1)
    assert await db.scalar(text("SELECT price_fen FROM sku_prices WHERE valid_until IS NULL")) == 6600
    assert await db.scalar(text("SELECT grade FROM products")) == "一级"
    assert await db.scalar(text("SELECT count(*) FROM products")) == 1
