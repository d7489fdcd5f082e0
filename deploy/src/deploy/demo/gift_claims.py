"""Claims of the demo's New Year gifts: codes are out, three in five members have chosen, the others may."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import text

from deploy.demo.accounts import UNIT_ACCOUNTS
from deploy.demo.gifts import MEMBERS, NEW_YEAR
from orders.claim_code import actions as code_actions
from orders.gift_campaign import queries as campaign_queries
from orders.gift_claim import actions
from orders.gift_claim.rules import Choice, Destination
from shared.auth import Caller
from shared.db import Database

CLAIMED: Final = MEMBERS * 3 // 5
_BATCH: Final = 40
_PLACES: Final = (
    ("110105", "望京街道示例路{n}号"),
    ("420325", "城关镇示例街{n}号"),
    ("130624", "早花村{n}号"),
)
_CODES: Final = text("""
    SELECT code_id, member.name FROM claim_codes AS code JOIN gift_members AS member USING (member_id)
    WHERE code.campaign_id = :campaign_id AND status = 'ISSUED'
      AND NOT EXISTS (SELECT FROM gift_claims WHERE gift_claims.member_id = member.member_id)
    ORDER BY member.member_no LIMIT :limit
""")
_COUNT: Final = text("SELECT count(*) FROM gift_claims WHERE campaign_id = :campaign_id")


async def load_claims(
    orders: Database, environment: Mapping[str, str], *, now: datetime, advance: Callable[[int], None]
) -> None:
    """Give out the codes that are missing, open the claims, and let members choose, in batches of a transaction each.
    A campaign that somebody has moved on stays as it is."""
    key = environment["ORDERS_CLAIM_CODE_KEY"].encode()
    account = UNIT_ACCOUNTS["canteen-union"]
    union = Caller(account.person_id, account.organisation_id, "institution", frozenset(account.roles))
    async with orders.begin() as db:
        campaign = await campaign_queries.get_campaign(db, NEW_YEAR)
        if campaign.status in code_actions.ISSUING:
            await code_actions.issue_codes(db, campaign_id=NEW_YEAR, department="", key=key, caller=union, now=now)
            await actions.open_claims(db, campaign_id=NEW_YEAR, now=now)
    async with orders.read() as db:
        campaign = await campaign_queries.get_campaign(db, NEW_YEAR)
        packages = [each.package.package_id for each in await campaign_queries.list_packages(db, NEW_YEAR)]
        done = int(await db.scalar(_COUNT, {"campaign_id": NEW_YEAR}) or 0)
    advance(done)
    while campaign.status == "CLAIMING" and done < CLAIMED:
        async with orders.begin() as db:
            wanted = {"campaign_id": NEW_YEAR, "limit": min(_BATCH, CLAIMED - done)}
            codes = (await db.execute(_CODES, wanted)).all()
            for number, (code_id, name) in enumerate(codes, start=done):
                county, street = _PLACES[number % len(_PLACES)]
                home = Destination("HOME", name, f"138{number:08d}", county, street.format(n=number + 1))
                choice = Choice(packages[number % len(packages)], home)
                await actions.claim_gift(db, code_id=code_id, choice=choice, expected_revision=0, now=now)
        if not codes:
            return
        done += len(codes)
        advance(len(codes))
