"""The demo's claims: codes out, three in five members have chosen; loaded once."""

from sqlalchemy import text

from deploy.demo import gift_claims, gifts
from deploy.demo.institutions import load_units
from services.orders.tests.conftest import CLAIM_CODE_KEY
from services.orders.tests.factories import NOW, listed_sku


async def test_the_demo_s_members_have_codes_and_most_have_chosen(fresh_database, tmp_path):
    async with fresh_database.begin() as db:
        for number in range(12):
            await listed_sku(db, price_fen=6_400 + 50 * (number % 5), category="dried")
    await load_units(fresh_database, now=NOW, advance=lambda _: None)
    environment = {"ORDERS_FILES_URL": f"file://{tmp_path}", "ORDERS_CLAIM_CODE_KEY": CLAIM_CODE_KEY}
    await gifts.load_campaigns(fresh_database, environment, now=NOW, advance=lambda _: None)
    for _ in range(2):
        told: list[int] = []
        await gift_claims.load_claims(fresh_database, environment, now=NOW, advance=told.append)
        assert sum(told) == gift_claims.CLAIMED == 120
        async with fresh_database.read() as db:
            assert await db.scalar(text("SELECT count(*) FROM claim_codes")) == gifts.MEMBERS
            assert await db.scalar(text("SELECT count(*) FROM gift_claims")) == gift_claims.CLAIMED
            status = text("SELECT status FROM gift_campaigns WHERE campaign_id = :id")
            assert await db.scalar(status, {"id": gifts.NEW_YEAR}) == "CLAIMING"
