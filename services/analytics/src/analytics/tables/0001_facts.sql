-- One row a sold line. Nothing in it says who bought: buyer_key is a keyed hash.
-- A row is replaced only by a later version of itself: paid_at and line_id never change, is_cancelled may become 1.
-- version: the payment event's position, with the highest bit set once the order is cancelled, so that no replay undoes it.
CREATE TABLE IF NOT EXISTS sold_lines
(
    line_id UUID,
    order_id UUID,
    order_key UInt64 MATERIALIZED cityHash64(order_id),
    buyer_key UInt64,
    buyer_kind LowCardinality(String),
    organisation_id UUID,
    mode LowCardinality(String),
    supplier_id UUID,
    product_id UUID,
    category LowCardinality(String),
    origin_county LowCardinality(String),
    origin_city LowCardinality(String),
    origin_province LowCardinality(String),
    designations Array(LowCardinality(String)),
    quantity UInt32,
    weight_g UInt64,
    sales_fen Int64,
    paid_at DateTime64(3, 'UTC'),
    paid_on Date MATERIALIZED toDate(paid_at, 'Asia/Shanghai'),
    is_cancelled UInt8,
    version UInt64,
    INDEX by_order order_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(paid_at)
ORDER BY (paid_at, line_id);

-- Orders that are void, kept for a payment that is applied after its cancellation.
CREATE TABLE IF NOT EXISTS cancelled_orders
(
    order_id UUID
)
ENGINE = ReplacingMergeTree
ORDER BY order_id;

-- What suppliers and products are called, as the catalog last said.
CREATE TABLE IF NOT EXISTS names
(
    kind LowCardinality(String),
    id UUID,
    name String,
    name_en String,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (kind, id);
