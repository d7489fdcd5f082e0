"""What must be true of stock and money in every order's database, and a fingerprint of all that they touch."""

from sqlalchemy import text

TABLES = (
    *("orders", "supplier_orders", "order_lines", "order_changes", "order_shortfalls", "stock_levels", "stock_holds"),
    *("stock_ledger", "stock_shelves", "stock_allocations", "payments", "refunds", "line_refunds", "claims", "outbox"),
    *("idempotency_keys", "promotion_balances", "promotion_uses", "promotion_entries"),
)
_SUM = "(SELECT sum(hashtextextended(row::text, 0)) FROM {} AS row)"
FINGERPRINT = text("SELECT " + ", ".join(_SUM.format(table) for table in TABLES))
_LINES = (
    "SELECT sum({}) FROM order_lines JOIN supplier_orders USING (supplier_order_id) WHERE order_id = placed.order_id"
)
UNTRUE = {
    "an order costs what its parts and lines cost": f"""
        SELECT order_number FROM orders AS placed
        WHERE payable_fen <> (SELECT sum(payable_fen) FROM supplier_orders WHERE order_id = placed.order_id)
           OR payable_fen - delivery_fen <> ({_LINES.format("order_lines.payable_fen")})
           OR discount_fen <> ({_LINES.format("order_lines.discount_fen")})
    """,  # noqa: S608 - the test's own text
    "a payment's refunds are what is refunded of it": """
        SELECT payment_id FROM payments
        WHERE refunded_fen <> (SELECT coalesce(sum(amount_fen), 0) FROM refunds
                               WHERE refunds.payment_id = payments.payment_id AND status <> 'CLOSED')
    """,
    "what was captured less what went back is what we keep": """
        SELECT order_number FROM orders AS placed
        WHERE (SELECT coalesce(sum(captured_fen - refunded_fen), 0) FROM payments WHERE order_id = placed.order_id)
           <> CASE WHEN status NOT IN ('PAID', 'COMPLETED') THEN 0 ELSE payable_fen
                - (SELECT coalesce(sum(refund_fen), 0) FROM order_shortfalls JOIN supplier_orders
                   USING (supplier_order_id) WHERE order_id = placed.order_id)
                - (SELECT coalesce(sum(line_refunds.goods_fen + line_refunds.delivery_fen), 0)
                   FROM line_refunds JOIN order_lines USING (line_id) JOIN supplier_orders USING (supplier_order_id)
                   WHERE order_id = placed.order_id) END
    """,
    "an order is paid by one payment": """
        SELECT order_number FROM orders AS placed, LATERAL (
            SELECT count(*) AS times, coalesce(sum(captured_fen), 0) AS fen
            FROM payments WHERE order_id = placed.order_id AND effect = 'paid'
        ) AS paid
        WHERE status IN ('PAID', 'COMPLETED') AND (times, fen) <> (1, payable_fen)
           OR status = 'PENDING_PAYMENT' AND times > 0
    """,
    "each order was told of once, and paid at most once": """
        SELECT order_number FROM orders AS placed
        WHERE (SELECT count(*) FROM outbox WHERE subject = order_id::text AND type = 'orders.order-placed.v1') <> 1
           OR (SELECT count(*) FROM outbox WHERE subject = order_id::text AND type = 'orders.order-paid.v1') > 1
    """,
    "a cancelled order holds nothing": """
        SELECT order_number FROM orders JOIN stock_holds ON holder_id = order_id
        WHERE status = 'CANCELLED' AND open_count > 0
    """,
}
