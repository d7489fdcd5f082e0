-- What was given back of a line's goods, by the events that granted it. Kept for a payment that is applied after them.
CREATE TABLE IF NOT EXISTS refunded_lines
(
    line_id UUID,
    refund_id UUID,
    order_id UUID,
    refunded_fen Int64,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (line_id, refund_id);

-- The sum of them stands on the line itself, so that it counts on the day and in the groups of what was sold. Such a row
-- has the version of its latest refund, which is later than its payment's: no replay of the payment undoes it.
ALTER TABLE sold_lines ADD COLUMN IF NOT EXISTS refunded_fen Int64 DEFAULT 0 AFTER sales_fen;
