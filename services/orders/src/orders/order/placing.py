"""Placing several waiting orders in one transaction.

One transaction an order costs a flush and a commit each, and orders of a hot SKU queue at its row for the whole of
both. Here a placement that finds nobody before it goes at once, alone; those that arrive while it runs wait, and then
go together (`shared.together`): one read of all their SKUs, promotions and Idempotency-Keys, each decided by itself in
its own request, one statement that saves them in the order in which they came (`place_orders` in migrations/sql).

Each gets its own answer. A refusal (a shortage, a revision or a promotion that changed, a key that was used) wrote
nothing and leaves the others as they are. What the database refuses undoes all of the company, and each is then placed
alone. An answer leaves after the commit of its transaction; if the connection is lost before that is known, all of it
happened or nothing, everybody is told 503, and the same key sent again has the effect once. Nothing here is remembered
between processes: two of them place beside each other as two orders do.
"""

from collections.abc import Sequence

from orders.order.actions import PLACE
from orders.price.queries import LOAD_SALE, LOAD_SALE_TYPES
from shared.direct import Direct, Statement
from shared.together import Rows, Together, Values, repeated

MOST_TOGETHER = 32

_PLACE_ALL = Statement("""
    SELECT place_orders(
        :drafts, :line_counts, :sku_ids, :revisions, :quantities, :callers, :keys, :request_hashes, :statuses, :bodies
    )::text[]
""")


async def place_together(direct: Direct, asked: Sequence[Values]) -> Sequence[Rows]:
    """What `PLACE` would answer to each, from one transaction."""
    values = {
        "drafts": [each["draft"] for each in asked],
        "line_counts": [len(each["sku_ids"]) for each in asked],
        "sku_ids": [sku_id for each in asked for sku_id in each["sku_ids"]],
        "revisions": [revision for each in asked for revision in each["revisions"]],
        "quantities": [quantity for each in asked for quantity in each["quantities"]],
        "callers": [each["caller"] for each in asked],
        "keys": [each["key"] for each in asked],
        "request_hashes": [each["request_hash"] for each in asked],
        "statuses": [each["status"] for each in asked],
        "bodies": [each["body"] for each in asked],
    }
    [[answers]] = await _PLACE_ALL.rows(direct, values)
    return [[[answer]] for answer in answers]


def placing_together() -> Together:
    """For one application's process."""
    ways = {LOAD_SALE: repeated(LOAD_SALE, LOAD_SALE_TYPES), PLACE: place_together}
    return Together(ways, most=MOST_TOGETHER, entrance=LOAD_SALE)
