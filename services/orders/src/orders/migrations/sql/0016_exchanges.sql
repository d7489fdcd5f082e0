-- Wrong or damaged goods are sent again; what comes back goes into stock again, or is written off.

CREATE TABLE exchanges (
    exchange_id UUID NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    order_id UUID NOT NULL,
    order_number TEXT NOT NULL,
    supplier_order_id UUID NOT NULL,
    line_id UUID NOT NULL,
    sku_id UUID NOT NULL,
    supplier_id UUID NOT NULL,
    buyer_id UUID NOT NULL,
    product_id UUID NOT NULL,
    product_title TEXT NOT NULL,
    product_title_en TEXT NOT NULL,
    specification TEXT NOT NULL,
    picture TEXT NOT NULL,
    delivered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    piece_count INTEGER NOT NULL,
    problem TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL,
    goods_back BOOLEAN DEFAULT false NOT NULL,
    send_to TEXT DEFAULT '' NOT NULL,
    carrier_name TEXT DEFAULT '' NOT NULL,
    waybill_number TEXT DEFAULT '' NOT NULL,
    refunded_count INTEGER DEFAULT 0 NOT NULL,
    refunded_fen BIGINT DEFAULT 0 NOT NULL,
    shipment_id UUID,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE,
    shipped_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_exchanges PRIMARY KEY (exchange_id),
    CONSTRAINT ck_exchanges_status_is_known
        CHECK (status IN ('REQUESTED', 'APPROVED', 'REFUSED', 'SENT_BACK', 'SHIPPED', 'DELIVERED', 'CANCELLED')),
    CONSTRAINT ck_exchanges_problem_is_known CHECK (problem IN ('wrong', 'damaged', 'faulty', 'other')),
    CONSTRAINT ck_exchanges_pieces_are_positive CHECK (piece_count > 0),
    CONSTRAINT ck_exchanges_refunded_are_some_of_them CHECK (refunded_count BETWEEN 0 AND piece_count),
    CONSTRAINT ck_exchanges_something_arrives CHECK (status <> 'DELIVERED' OR refunded_count < piece_count),
    CONSTRAINT ck_exchanges_sent_by_somebody CHECK (status <> 'SENT_BACK' OR (goods_back AND waybill_number <> '')),
    CONSTRAINT ck_exchanges_back_to_somewhere CHECK (NOT goods_back OR send_to <> ''),
    CONSTRAINT ck_exchanges_somebody_is_due
        CHECK ((status IN ('REQUESTED', 'APPROVED', 'SENT_BACK')) = (due_at IS NOT NULL)),
    CONSTRAINT ck_exchanges_shipped_has_shipment
        CHECK ((status IN ('SHIPPED', 'DELIVERED')) = (shipped_at IS NOT NULL) AND
               (shipped_at IS NULL) = (shipment_id IS NULL)),
    CONSTRAINT ck_exchanges_ended_has_instant
        CHECK ((status IN ('REFUSED', 'DELIVERED', 'CANCELLED')) = (ended_at IS NOT NULL)),
    CONSTRAINT fk_exchanges_line_id_line_balances FOREIGN KEY (line_id) REFERENCES line_balances (line_id)
)
 WITH (fillfactor = 80);

CREATE INDEX ix_exchanges_buyer_id_opened_at_exchange_id ON exchanges (buyer_id, opened_at, exchange_id);
CREATE INDEX ix_exchanges_supplier_id_opened_at_exchange_id ON exchanges (supplier_id, opened_at, exchange_id);
CREATE INDEX ix_exchanges_opened_at_exchange_id ON exchanges (opened_at, exchange_id);
CREATE INDEX ix_exchanges_line_id ON exchanges (line_id);
CREATE INDEX ix_exchanges_order_id ON exchanges (order_id);
CREATE UNIQUE INDEX ix_exchanges_shipment_id ON exchanges (shipment_id);
CREATE INDEX ix_exchanges_due_at_waiting ON exchanges (due_at) WHERE due_at IS NOT NULL;

-- An exchange speaks for its pieces as a claim or a return does, on the line's own row, whatever the code says: the
-- CHECK there refuses that more is claimed, sent back and exchanged than was sold, also of two at once.
CREATE FUNCTION count_exchanged_pieces() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before integer := 0;
    after integer := 0;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        before := CASE WHEN OLD.status IN ('REFUSED', 'CANCELLED') THEN OLD.refunded_count ELSE OLD.piece_count END;
    END IF;
    after := CASE WHEN NEW.status IN ('REFUSED', 'CANCELLED') THEN NEW.refunded_count ELSE NEW.piece_count END;
    IF before <> after THEN
        UPDATE line_balances SET claimed_count = claimed_count + after - before WHERE line_id = NEW.line_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER exchanges_count_their_pieces AFTER INSERT OR UPDATE OF status, piece_count, refunded_count ON exchanges
FOR EACH ROW EXECUTE FUNCTION count_exchanged_pieces();

CREATE TRIGGER exchanges_keep_their_line BEFORE UPDATE OF line_id, piece_count OR DELETE ON exchanges
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE goods_back (
    cause_id UUID NOT NULL,
    cause TEXT NOT NULL,
    supplier_id UUID NOT NULL,
    sku_id UUID NOT NULL,
    piece_count INTEGER NOT NULL,
    restocked_count INTEGER NOT NULL,
    lot_number TEXT DEFAULT '' NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    booked_by UUID NOT NULL,
    booked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_goods_back PRIMARY KEY (cause_id),
    CONSTRAINT ck_goods_back_cause_is_known CHECK (cause IN ('return', 'exchange')),
    CONSTRAINT ck_goods_back_pieces_are_positive CHECK (piece_count > 0),
    CONSTRAINT ck_goods_back_restocked_came_back CHECK (restocked_count BETWEEN 0 AND piece_count),
    CONSTRAINT ck_goods_back_written_off_has_reason CHECK (restocked_count = piece_count OR reason <> '')
);

CREATE TRIGGER goods_back_is_booked_once BEFORE UPDATE OR DELETE OR TRUNCATE ON goods_back
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE stock_ledger DROP CONSTRAINT ck_stock_ledger_kind_is_known;
ALTER TABLE stock_ledger ADD CONSTRAINT ck_stock_ledger_kind_is_known
    CHECK (kind IN ('received', 'held', 'released', 'shipped', 'adjusted', 'moved', 'returned'));

ALTER TABLE line_refunds DROP CONSTRAINT ck_line_refunds_cause_is_known;
ALTER TABLE line_refunds ADD CONSTRAINT ck_line_refunds_cause_is_known CHECK (cause IN ('claim', 'return', 'exchange'));

ALTER TABLE trail_entries DROP CONSTRAINT ck_trail_entries_subject_is_known;
ALTER TABLE trail_entries ADD CONSTRAINT ck_trail_entries_subject_is_known
    CHECK (subject_kind IN ('claim', 'return', 'review', 'promotion', 'group-buy', 'love-purchase', 'presale', 'booking',
                            'exchange'));

-- What befell a replacement on its way proves nothing of the first delivery.
ALTER TABLE excursions ADD exchange_id UUID;
CREATE INDEX ix_excursions_exchange_id ON excursions (exchange_id) WHERE exchange_id IS NOT NULL;
