"""The demo's campaigns of gifts: one ready for claims, one being decided on, one given up; loaded once."""

from sqlalchemy import text

from deploy.demo import gifts
from deploy.demo.institutions import load_units
from orders.gift_member import queries as member_queries
from services.orders.tests.factories import NOW, listed_sku


async def test_the_demo_has_a_campaign_of_two_hundred_members_ready_for_claims(fresh_database, tmp_path):
    async with fresh_database.begin() as db:
        for number in range(12):
            await listed_sku(db, price_fen=6_400 + 50 * (number % 5), category="dried")
    await load_units(fresh_database, now=NOW, advance=lambda _: None)
    environment = {"ORDERS_FILES_URL": f"file://{tmp_path}"}
    for _ in range(2):
        told = []
        await gifts.load_campaigns(fresh_database, environment, now=NOW, advance=told.append)
        assert sum(told) == len(gifts.KEYS)
        async with fresh_database.read() as db:
            found = (await db.execute(text("SELECT name, status FROM gift_campaigns ORDER BY name"))).all()
            assert [tuple(each) for each in found] == [
                ("元旦慰问活动", "ROSTER_LOCKED"),
                ("国庆慰问活动", "CANCELLED"),
                ("春节慰问活动", "SUBMITTED"),
            ]
            counts = await member_queries.count_members(db, gifts.NEW_YEAR)
            assert (counts.members, counts.eligible) == (203, 200)
            [file] = await member_queries.list_files(db, gifts.NEW_YEAR)
            assert (file.row_count, file.wrong_count) == (207, 4)
            held = await db.scalar(text("SELECT sum(held) FROM stock_levels"))
            assert held == 2 * 3 * 200
    assert len(list(tmp_path.rglob("*"))) > len(gifts.PAPERS)
