"""Parts of which nothing arrived, pieces that were lost on their way, and buyers who say that nothing came; the delivery
alone may be given back as goodwill."""

from alembic import op

revision = "0037"
down_revision = "0036"

_FULFILMENTS = (
    "'PENDING_PAYMENT', 'PENDING_CONFIRM', 'AWAITING_GROUP', 'PENDING_SHIPMENT', 'PARTLY_SHIPPED', 'SHIPPED', "
    "'DELIVERED', 'LOST', 'CANCELLED'"
)
_CHANGES = (
    "'PLACED', 'PAID', 'CONFIRMED', 'CANCELLED', 'PARTLY_SHIPPED', 'SHIPPED', 'GIVEN_UP', 'PIECES_LOST', 'LOST', "
    "'ARRIVED_AFTER_LOSS', 'DELIVERED', 'COMPLETED', 'SHIPPED_AFTER_CANCEL', 'GROUP_FORMED'"
)
_CHECKS = {
    ("supplier_orders", "fulfilment_is_known"): f"fulfilment IN ({_FULFILMENTS})",
    ("order_changes", "change_is_known"): f"change IN ({_CHANGES})",
    ("exchanges", "shipped_has_shipment"): """
        (status NOT IN ('SHIPPED', 'DELIVERED') OR shipped_at IS NOT NULL)
        AND (status IN ('SHIPPED', 'DELIVERED', 'CANCELLED') OR shipped_at IS NULL)
        AND (shipped_at IS NULL) = (shipment_id IS NULL)
    """,
    ("line_refunds", "pieces_are_positive"): "piece_count > 0 OR piece_count = 0 AND goods_fen = 0",
    ("goodwills", "pieces_are_positive"): "piece_count > 0 OR piece_count = 0 AND with_delivery",
}


def upgrade() -> None:
    """Tables, the move to LOST, and a CHECK for what is new in each table that was there."""
    op.execute("""
        CREATE OR REPLACE FUNCTION part_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
        RETURN (before, after) IN (
            ('PENDING_PAYMENT', 'PENDING_SHIPMENT'), ('PENDING_PAYMENT', 'AWAITING_GROUP'),
            ('AWAITING_GROUP', 'PENDING_SHIPMENT'), ('PENDING_SHIPMENT', 'PARTLY_SHIPPED'),
            ('PENDING_SHIPMENT', 'SHIPPED'), ('PARTLY_SHIPPED', 'SHIPPED'), ('SHIPPED', 'DELIVERED'),
            ('SHIPPED', 'LOST'), ('PENDING_PAYMENT', 'CANCELLED'), ('AWAITING_GROUP', 'CANCELLED'),
            ('PENDING_SHIPMENT', 'CANCELLED'), ('CANCELLED', 'PENDING_PAYMENT'),
            ('PENDING_CONFIRM', 'PENDING_SHIPMENT'), ('PENDING_CONFIRM', 'CANCELLED'))
    """)
    for (table, name), condition in _CHECKS.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({condition})")
    op.execute("""
        CREATE TABLE part_losses (
            loss_id UUID NOT NULL,
            order_id UUID NOT NULL,
            supplier_order_id UUID NOT NULL,
            carrier_code TEXT NOT NULL,
            waybill_numbers TEXT[] NOT NULL,
            evidence TEXT NOT NULL,
            declared_side TEXT NOT NULL,
            declared_by UUID NOT NULL,
            declared_at TIMESTAMP WITH TIME ZONE NOT NULL,
            refunded_count INTEGER NOT NULL,
            replaced_count INTEGER NOT NULL,
            supplier_fen BIGINT NOT NULL,
            carrier_fen BIGINT NOT NULL,
            CONSTRAINT pk_part_losses PRIMARY KEY (loss_id),
            CONSTRAINT ck_part_losses_side_is_known CHECK (declared_side IN ('supplier', 'operator')),
            CONSTRAINT ck_part_losses_something_is_lost
                CHECK (least(refunded_count, replaced_count) >= 0 AND refunded_count + replaced_count > 0),
            CONSTRAINT ck_part_losses_money_is_for_pieces CHECK (
                least(supplier_fen, carrier_fen) >= 0 AND (refunded_count > 0 OR supplier_fen + carrier_fen = 0)),
            CONSTRAINT fk_part_losses_order_id_orders FOREIGN KEY (order_id) REFERENCES orders (order_id),
            CONSTRAINT fk_part_losses_supplier_order_id_supplier_orders FOREIGN KEY (supplier_order_id)
                REFERENCES supplier_orders (supplier_order_id)
        )
    """)
    op.execute("CREATE INDEX ix_part_losses_order_id ON part_losses (order_id)")
    op.execute("CREATE INDEX ix_part_losses_supplier_order_id ON part_losses (supplier_order_id)")
    op.execute("""
        CREATE TABLE missing_reports (
            supplier_order_id UUID NOT NULL,
            order_id UUID NOT NULL,
            note TEXT NOT NULL,
            promised_until DATE,
            reported_by UUID NOT NULL,
            reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
            CONSTRAINT pk_missing_reports PRIMARY KEY (supplier_order_id),
            CONSTRAINT fk_missing_reports_supplier_order_id_supplier_orders FOREIGN KEY (supplier_order_id)
                REFERENCES supplier_orders (supplier_order_id),
            CONSTRAINT fk_missing_reports_order_id_orders FOREIGN KEY (order_id) REFERENCES orders (order_id)
        )
    """)
    op.execute("CREATE INDEX ix_missing_reports_order_id ON missing_reports (order_id)")
