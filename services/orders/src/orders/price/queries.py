"""Reading all that a price rests on, in one round trip."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from orders.price.board import offers_of
from orders.price.rules import Offers
from orders.sku.queries import OWN_SALE_COLUMNS, SALE_WIDTH, sale_skus
from orders.sku.rules import SaleSku
from shared.direct import Direct, Statement
from shared.idempotency import OnceKey, check_earlier

MOMENT_COLUMNS = """
    (SELECT revision::text FROM pricing_revision), (SELECT pricing_standing(:person_id, :coupon_ids))
"""
GIFT_SKUS = "SELECT DISTINCT gift FROM promotions, unnest(gift_sku_ids) AS gift WHERE status = 'ACTIVE'"

LOAD_SALE_TYPES = {
    "sku_ids": "uuid[]",
    "person_id": "uuid",
    "coupon_ids": "uuid[]",
    "caller": "text",
    "key": "text",
}
LOAD_SALE = Statement(f"""
    SELECT {OWN_SALE_COLUMNS}, moment.*, earlier.request_hash, earlier.status, earlier.body
    FROM (SELECT {MOMENT_COLUMNS} OFFSET 0) AS moment
    LEFT JOIN idempotency_keys AS earlier
        ON earlier.caller = :caller AND earlier.key = :key AND earlier.created_at > now() - interval '24 hours'
    LEFT JOIN (sellable_skus AS sku LEFT JOIN stock_levels AS level USING (sku_id))
        ON sku.sku_id = ANY((SELECT CAST(:sku_ids AS uuid[]) || ARRAY({GIFT_SKUS}))::uuid[])
""")  # noqa: S608 - only our own text; SELECT hides the list's length, for which each call would be planned anew


@dataclass(frozen=True, slots=True)
class Sale:
    """The SKUs asked for and those that promotions give, with their stock, and what may change their prices."""

    skus: dict[UUID, SaleSku]
    offers: Offers


async def load_sale(
    db: AsyncSession | Direct,
    sku_ids: Iterable[UUID],
    *,
    person_id: UUID,
    coupon_ids: Iterable[UUID] = (),
    once: OnceKey | None = None,
) -> Sale:
    """What pricing these SKUs for this person takes, and in the same round trip the check of the Idempotency-Key.

    Raises what `shared.idempotency.check_earlier` raises: a replay, or a key that was used for another request.
    """
    key = {"caller": once.caller, "key": once.key} if once else {"caller": None, "key": None}
    values = {"sku_ids": list(sku_ids), "person_id": person_id, "coupon_ids": list(coupon_ids)}
    rows = await LOAD_SALE.rows(db, values | key)
    revision, standing, request_hash, status, body = rows[0][SALE_WIDTH:]
    if once is not None:
        check_earlier(once, is_first_in_line=True, request_hash=request_hash, status=status, body=body)
    offers = await offers_of(db, revision=revision, standing=standing)
    return Sale(sale_skus(row for row in rows if row[0] is not None), offers)
