"""A wide list in another order than its own, and products under the certificates that they have."""

from alembic import op

revision = "0013"
down_revision = "0012"

_CERTIFICATES = """
    INSERT INTO search_postings (term, rank, product_number)
    SELECT DISTINCT 'certificate:' || held, posting.rank, posting.product_number
    FROM product_cards AS card CROSS JOIN unnest(card.certificates) AS held
    JOIN search_postings AS posting ON posting.product_number = card.product_number AND posting.term = '*'
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    for wide in ("category", "province_code"):
        for order in ("price_fen", "sold_count", "created_ms"):
            op.create_index(f"ix_product_cards_{wide}_{order}", "product_cards", [wide, order, "product_number"])
    op.execute(_CERTIFICATES)
