-- What the service desk does: notes, openings of contacts, and goodwill.

CREATE TABLE order_notes (
    note_id UUID NOT NULL,
    order_id UUID NOT NULL,
    body TEXT NOT NULL,
    written_by UUID NOT NULL,
    written_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_order_notes PRIMARY KEY (note_id),
    CONSTRAINT fk_order_notes_order_id_orders FOREIGN KEY (order_id) REFERENCES orders (order_id),
    CONSTRAINT ck_order_notes_says_something CHECK (body <> '')
);

CREATE INDEX ix_order_notes_order_id_written_at ON order_notes (order_id, written_at);

CREATE TRIGGER order_notes_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_notes
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE contact_openings (
    opening_id UUID NOT NULL,
    order_id UUID NOT NULL,
    reason TEXT NOT NULL,
    opened_by UUID NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_contact_openings PRIMARY KEY (opening_id),
    CONSTRAINT fk_contact_openings_order_id_orders FOREIGN KEY (order_id) REFERENCES orders (order_id),
    CONSTRAINT ck_contact_openings_has_reason CHECK (reason <> '')
);

CREATE INDEX ix_contact_openings_order_id_opened_at ON contact_openings (order_id, opened_at);

CREATE TRIGGER contact_openings_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON contact_openings
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE goodwills (
    goodwill_id UUID NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    order_id UUID NOT NULL,
    order_number TEXT NOT NULL,
    line_id UUID NOT NULL,
    product_title TEXT NOT NULL,
    product_title_en TEXT NOT NULL,
    piece_count INTEGER NOT NULL,
    with_delivery BOOLEAN NOT NULL,
    wanted_fen BIGINT NOT NULL,
    reason TEXT NOT NULL,
    status TEXT NOT NULL,
    needs_second BOOLEAN NOT NULL,
    asked_by UUID NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    decision_reason TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_goodwills PRIMARY KEY (goodwill_id),
    CONSTRAINT fk_goodwills_order_id_orders FOREIGN KEY (order_id) REFERENCES orders (order_id),
    CONSTRAINT fk_goodwills_line_id_order_lines FOREIGN KEY (line_id) REFERENCES order_lines (line_id),
    CONSTRAINT ck_goodwills_status_is_known CHECK (status IN ('WAITING', 'GRANTED', 'REJECTED', 'WITHDRAWN')),
    CONSTRAINT ck_goodwills_pieces_are_positive CHECK (piece_count > 0),
    CONSTRAINT ck_goodwills_money_is_positive CHECK (wanted_fen > 0),
    CONSTRAINT ck_goodwills_has_reason CHECK (reason <> ''),
    CONSTRAINT ck_goodwills_decided_has_person
        CHECK ((status = 'WAITING') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)),
    CONSTRAINT ck_goodwills_nobody_decides_alone
        CHECK (NOT needs_second OR status NOT IN ('GRANTED', 'REJECTED') OR decided_by <> asked_by)
);

CREATE INDEX ix_goodwills_order_id_asked_at ON goodwills (order_id, asked_at);
CREATE INDEX ix_goodwills_asked_at_goodwill_id ON goodwills (asked_at, goodwill_id);

ALTER TABLE line_refunds ADD COLUMN platform_fen BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE line_refunds DROP CONSTRAINT ck_line_refunds_cause_is_known;
ALTER TABLE line_refunds ADD CONSTRAINT ck_line_refunds_cause_is_known
    CHECK (cause IN ('claim', 'return', 'exchange', 'goodwill'));
ALTER TABLE line_refunds DROP CONSTRAINT ck_line_refunds_money_is_not_negative;
ALTER TABLE line_refunds ADD CONSTRAINT ck_line_refunds_money_is_not_negative
    CHECK (least(goods_fen, delivery_fen, supplier_fen, carrier_fen, platform_fen) >= 0);
ALTER TABLE line_refunds DROP CONSTRAINT ck_line_refunds_somebody_bears_it;
ALTER TABLE line_refunds ADD CONSTRAINT ck_line_refunds_somebody_bears_it
    CHECK (supplier_fen + carrier_fen + platform_fen = goods_fen + delivery_fen);

-- The desk finds orders by what a caller knows: the end of a phone number, or the recipient's name.
CREATE INDEX ix_orders_phone_end ON orders (right(phone, 4), placed_at);
CREATE INDEX ix_orders_recipient_placed_at ON orders (recipient, placed_at);
