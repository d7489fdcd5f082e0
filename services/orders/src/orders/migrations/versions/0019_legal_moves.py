"""The legal moves of orders, their parts, payments and refunds, held by the database: whatever writes, and however it
came to it, no state is left for one that does not follow it."""

from alembic import op

revision = "0019"
down_revision = "0018"

_MOVES = {
    ("orders", "status", "order_may_move"): """
        ('PENDING_PAYMENT', 'PAID'), ('PAID', 'COMPLETED'), ('PENDING_PAYMENT', 'CANCELLED'), ('PAID', 'CANCELLED'),
        ('CANCELLED', 'PENDING_PAYMENT')
    """,
    ("supplier_orders", "fulfilment", "part_may_move"): """
        ('PENDING_PAYMENT', 'PENDING_SHIPMENT'), ('PENDING_PAYMENT', 'AWAITING_GROUP'),
        ('AWAITING_GROUP', 'PENDING_SHIPMENT'), ('PENDING_SHIPMENT', 'PARTLY_SHIPPED'), ('PENDING_SHIPMENT', 'SHIPPED'),
        ('PARTLY_SHIPPED', 'SHIPPED'), ('SHIPPED', 'DELIVERED'), ('PENDING_PAYMENT', 'CANCELLED'),
        ('AWAITING_GROUP', 'CANCELLED'), ('PENDING_SHIPMENT', 'CANCELLED'), ('CANCELLED', 'PENDING_PAYMENT')
    """,
    ("payments", "status", "payment_may_move"): """
        ('PENDING', 'PAID'), ('CLOSED', 'PAID'), ('PENDING', 'CLOSED')
    """,
    ("refunds", "status", "refund_may_move"): """
        ('REQUESTED', 'PROCESSING'), ('REQUESTED', 'SUCCEEDED'), ('PROCESSING', 'SUCCEEDED'), ('ABNORMAL', 'SUCCEEDED'),
        ('REQUESTED', 'CLOSED'), ('PROCESSING', 'CLOSED'), ('ABNORMAL', 'CLOSED'), ('REQUESTED', 'ABNORMAL'),
        ('PROCESSING', 'ABNORMAL')
    """,
}


def upgrade() -> None:
    """Add a function and a trigger for each. The condition stands in the trigger: a legal move calls nothing."""
    op.execute("""
        CREATE FUNCTION refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'no such move of %', TG_TABLE_NAME USING ERRCODE = 'check_violation';
        END $$
    """)
    for (table, column, function), pairs in _MOVES.items():
        op.execute(f"""
            CREATE FUNCTION {function}(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
            RETURN (before, after) IN ({pairs})
        """)
        op.execute(f"""
            CREATE TRIGGER {table}_move BEFORE UPDATE OF {column} ON {table} FOR EACH ROW
            WHEN (OLD.{column} <> NEW.{column} AND NOT {function}(OLD.{column}, NEW.{column}))
            EXECUTE FUNCTION refuse_move()
        """)
