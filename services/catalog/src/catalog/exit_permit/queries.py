"""How products stand to the exit rules of their origin."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from catalog.certificate import queries as certificate_queries
from catalog.certificate.rules import Proof, is_in_force
from catalog.exit_permit import data, rules
from catalog.exit_permit.rules import Standing
from catalog.inspection import queries as inspection_queries
from catalog.product import queries as product_queries


async def list_standings(db: AsyncSession, product_ids: Collection[UUID], *, on: date) -> dict[UUID, Standing]:
    """Each of these products against the rule that holds for it on that day."""
    products = await product_queries.list_products_by_id(db, product_ids)
    certificates = await certificate_queries.list_certificates(db, product_ids)
    reports = await inspection_queries.list_proofs(db, product_ids)
    found = {}
    for product in products:
        rule = rules.rule_for(product.category, product.origin_county_code, on, data.exit_rules())
        proofs = [
            *(
                Proof(each.type, each.number, each.valid_until, each.valid_from)
                for each in certificates.get(product.product_id, [])
            ),
            *reports.get(product.product_id, []),
        ]
        badges = {each.type for each in proofs if is_in_force(each, on)}
        found[product.product_id] = rules.standing_of(rule, badges)
    return found


async def ensure_permitted(db: AsyncSession, product_ids: Collection[UUID], *, on: date) -> None:
    """409 `exit-permit-missing` if one of these products lacks what the rule of its origin demands."""
    standings = await list_standings(db, product_ids, on=on)
    for product in await product_queries.list_products_by_id(db, product_ids):
        rules.ensure_permitted(standings[product.product_id], title=product.title)


async def list_refused(db: AsyncSession, product_ids: Collection[UUID], *, on: date) -> list[UUID]:
    """Those of these products that must not be on the shelf, in order of id."""
    standings = await list_standings(db, product_ids, on=on)
    return sorted(product_id for product_id, each in standings.items() if each.is_refused)
