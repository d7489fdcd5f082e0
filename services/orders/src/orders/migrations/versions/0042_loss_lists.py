"""The carrier's share of a loss is decided, and written down; losses and what buyers miss are listed, the latest first."""

from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Until now a carrier bore all of it."""
    op.execute("ALTER TABLE part_losses ADD COLUMN carrier_bp INTEGER NOT NULL DEFAULT 10000")
    op.execute("ALTER TABLE part_losses ALTER COLUMN carrier_bp DROP DEFAULT")
    op.execute("ALTER TABLE part_losses ADD COLUMN revision INTEGER NOT NULL DEFAULT 1")
    op.execute("""
        ALTER TABLE part_losses ADD CONSTRAINT ck_part_losses_carrier_bears_its_share
            CHECK (carrier_bp BETWEEN 0 AND 10000
                   AND carrier_fen = (supplier_fen + carrier_fen) * carrier_bp / 10000)
    """)
    op.execute("CREATE INDEX ix_part_losses_declared_at_loss_id ON part_losses (declared_at, loss_id)")
    op.execute(
        "CREATE INDEX ix_missing_reports_reported_at_supplier_order_id"
        " ON missing_reports (reported_at, supplier_order_id)"
    )
    op.execute("ALTER TABLE trail_entries DROP CONSTRAINT ck_trail_entries_subject_is_known")
    op.execute("""
        ALTER TABLE trail_entries ADD CONSTRAINT ck_trail_entries_subject_is_known CHECK (
            subject_kind IN ('claim', 'return', 'review', 'promotion', 'group-buy', 'love-purchase', 'presale',
                'booking', 'exchange', 'donation-recipient', 'donation', 'unit', 'reserved-share', 'budget', 'approval',
                'purchase', 'unit-order', 'acceptance', 'dispute', 'settlement', 'quotation', 'auction', 'contract',
                'call-off', 'crop-order', 'joint-purchase', 'reserve-purchase', 'absorption', 'gift-campaign',
                'claim-code', 'loss'))
    """)
