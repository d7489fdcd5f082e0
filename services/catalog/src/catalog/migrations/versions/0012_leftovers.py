"""What the catalog still owed: cards know under which rules of origin their products count, and what
nothing shows is private again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"

_FILL = """
    UPDATE product_cards AS card SET eligible_for = found.codes
    FROM (
        SELECT product_id, array_agg(rule_set ORDER BY rule_set) AS codes FROM eligibility_decisions
        WHERE is_eligible AND superseded_at IS NULL AND valid_until_on IS NULL
        GROUP BY product_id
    ) AS found
    WHERE found.product_id = card.product_id
"""
# The list of everything has each product's rank among those that nobody searched; the lists of the rules take it.
_LIST = """
    INSERT INTO search_postings (term, rank, product_number)
    SELECT DISTINCT 'eligible_for:' || code, posting.rank, posting.product_number
    FROM search_postings AS posting
    JOIN product_cards AS card USING (product_number)
    CROSS JOIN LATERAL unnest(card.eligible_for) AS code
    WHERE posting.term = '*'
"""
# Documents stayed public when what had shown them was gone.
_HIDE = """
    UPDATE documents AS document SET is_public = false
    WHERE is_public
        AND NOT EXISTS (
            SELECT FROM products
            WHERE supplier_id = document.organisation_id AND status = 'LISTED'
                AND document.document_id = ANY(document_ids)
        )
        AND NOT EXISTS (
            SELECT FROM certificates WHERE document_id = document.document_id AND status = 'VERIFIED'
        )
        AND NOT EXISTS (
            SELECT FROM inspections WHERE document_id = document.document_id AND status = 'ACCEPTED'
        )
        AND NOT EXISTS (
            SELECT FROM tourism_spots
            WHERE document.document_id = ANY(picture_ids) AND status = 'PUBLISHED'
        )
"""


def upgrade() -> None:
    op.add_column(
        "product_cards",
        sa.Column("eligible_for", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.execute(_FILL)
    op.execute(_LIST)
    op.execute(_HIDE)
