CREATE TABLE trail_entries (
    entry_id BIGINT GENERATED ALWAYS AS IDENTITY,
    subject_kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    verb TEXT NOT NULL,
    from_status TEXT,
    to_status TEXT NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    actor TEXT NOT NULL,
    person_id UUID,
    done_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_trail_entries PRIMARY KEY (entry_id),
    CONSTRAINT ck_trail_entries_subject_is_known CHECK (subject_kind IN ('claim', 'return', 'review')),
    CONSTRAINT ck_trail_entries_actor_is_known CHECK (actor IN ('buyer', 'supplier', 'operator', 'clock', 'rule'))
);

CREATE INDEX ix_trail_entries_subject_id_entry_id ON trail_entries (subject_id, entry_id);

CREATE TABLE photos (
    photo_id UUID NOT NULL,
    uploaded_by UUID NOT NULL,
    key TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    subject_id UUID,
    supplier_id UUID,
    is_public BOOLEAN NOT NULL,
    uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_photos PRIMARY KEY (photo_id)
);

CREATE INDEX ix_photos_subject_id ON photos (subject_id);

CREATE TABLE excursions (
    excursion_id UUID NOT NULL,
    parcel_id UUID NOT NULL,
    supplier_order_id UUID NOT NULL,
    temperature_class TEXT NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    extreme_c FLOAT,
    CONSTRAINT pk_excursions PRIMARY KEY (excursion_id),
    CONSTRAINT ck_excursions_kind_is_known CHECK (kind IN ('high', 'low', 'gap')),
    CONSTRAINT ck_excursions_severity_is_known CHECK (severity IN ('minor', 'major', 'critical'))
);

CREATE INDEX ix_excursions_supplier_order_id ON excursions (supplier_order_id);

CREATE TABLE line_balances (
    line_id UUID NOT NULL,
    quantity INTEGER NOT NULL,
    payable_fen BIGINT NOT NULL,
    delivery_fen BIGINT NOT NULL,
    claimed_count INTEGER DEFAULT 0 NOT NULL,
    refunded_count INTEGER DEFAULT 0 NOT NULL,
    refunded_fen BIGINT DEFAULT 0 NOT NULL,
    refunded_delivery_fen BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_line_balances PRIMARY KEY (line_id),
    CONSTRAINT ck_line_balances_claims_fit_line CHECK (claimed_count BETWEEN 0 AND quantity),
    CONSTRAINT ck_line_balances_refunds_were_claimed CHECK (refunded_count BETWEEN 0 AND claimed_count),
    CONSTRAINT ck_line_balances_refunds_fit_share CHECK (refunded_fen BETWEEN 0 AND payable_fen),
    CONSTRAINT ck_line_balances_delivery_fits_share CHECK (refunded_delivery_fen BETWEEN 0 AND delivery_fen),
    CONSTRAINT fk_line_balances_line_id_order_lines FOREIGN KEY(line_id) REFERENCES order_lines (line_id)
)
 WITH (fillfactor = 80);

CREATE TABLE line_refunds (
    line_refund_id UUID NOT NULL,
    line_id UUID NOT NULL,
    refund_id UUID,
    cause TEXT NOT NULL,
    cause_id UUID NOT NULL,
    piece_count INTEGER NOT NULL,
    goods_fen BIGINT NOT NULL,
    delivery_fen BIGINT NOT NULL,
    supplier_fen BIGINT NOT NULL,
    carrier_fen BIGINT NOT NULL,
    granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_line_refunds PRIMARY KEY (line_refund_id),
    CONSTRAINT ck_line_refunds_cause_is_known CHECK (cause IN ('claim', 'return')),
    CONSTRAINT ck_line_refunds_pieces_are_positive CHECK (piece_count > 0),
    CONSTRAINT ck_line_refunds_money_is_not_negative
        CHECK (least(goods_fen, delivery_fen, supplier_fen, carrier_fen) >= 0),
    CONSTRAINT ck_line_refunds_somebody_bears_it CHECK (supplier_fen + carrier_fen = goods_fen + delivery_fen),
    CONSTRAINT ck_line_refunds_money_has_a_way CHECK ((refund_id IS NULL) = (goods_fen + delivery_fen = 0)),
    CONSTRAINT fk_line_refunds_line_id_line_balances FOREIGN KEY(line_id) REFERENCES line_balances (line_id),
    CONSTRAINT fk_line_refunds_refund_id_refunds FOREIGN KEY(refund_id) REFERENCES refunds (refund_id)
);

CREATE UNIQUE INDEX ix_line_refunds_cause_id ON line_refunds (cause_id);

CREATE INDEX ix_line_refunds_line_id ON line_refunds (line_id);

CREATE UNIQUE INDEX ix_line_refunds_refund_id ON line_refunds (refund_id);

CREATE TABLE claims (
    claim_id UUID NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    order_id UUID NOT NULL,
    order_number TEXT NOT NULL,
    supplier_order_id UUID NOT NULL,
    line_id UUID NOT NULL,
    supplier_id UUID NOT NULL,
    buyer_id UUID NOT NULL,
    product_id UUID NOT NULL,
    product_title TEXT NOT NULL,
    product_title_en TEXT NOT NULL,
    specification TEXT NOT NULL,
    picture TEXT NOT NULL,
    basis TEXT NOT NULL,
    piece_count INTEGER NOT NULL,
    weight_g BIGINT,
    problem TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL,
    is_proven BOOLEAN NOT NULL,
    approved_by_rule TEXT,
    wanted_fen BIGINT NOT NULL,
    granted_fen BIGINT,
    supplier_fen BIGINT,
    carrier_fen BIGINT,
    delivered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_claims PRIMARY KEY (claim_id),
    CONSTRAINT ck_claims_status_is_known
        CHECK (status IN ('SUPPLIER_REVIEW', 'APPROVED', 'REFUSED', 'APPEALED', 'REJECTED', 'REFUNDED', 'WITHDRAWN')),
    CONSTRAINT ck_claims_pieces_are_positive CHECK (piece_count > 0),
    CONSTRAINT ck_claims_weight_where_it_goes_by_it CHECK ((basis = 'weight') = (weight_g IS NOT NULL)),
    CONSTRAINT ck_claims_basis_is_known CHECK (basis IN ('pieces', 'weight') AND weight_g > 0),
    CONSTRAINT ck_claims_granted_when_approved
        CHECK ((status IN ('APPROVED', 'REFUNDED')) = (granted_fen IS NOT NULL)),
    CONSTRAINT ck_claims_somebody_is_due
        CHECK ((status IN ('SUPPLIER_REVIEW', 'REFUSED', 'APPEALED')) = (due_at IS NOT NULL)),
    CONSTRAINT ck_claims_rule_is_known CHECK (approved_by_rule IN ('excursion', 'limit', 'silence')),
    CONSTRAINT fk_claims_line_id_line_balances FOREIGN KEY(line_id) REFERENCES line_balances (line_id)
)
 WITH (fillfactor = 80);

CREATE INDEX ix_claims_approved ON claims (claim_id) WHERE status = 'APPROVED';

CREATE INDEX ix_claims_buyer_id_opened_at_claim_id ON claims (buyer_id, opened_at, claim_id);

CREATE INDEX ix_claims_due_at_waiting ON claims (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX ix_claims_line_id ON claims (line_id);

CREATE INDEX ix_claims_opened_at_claim_id ON claims (opened_at, claim_id);

CREATE INDEX ix_claims_order_id ON claims (order_id);

CREATE INDEX ix_claims_supplier_id_opened_at_claim_id ON claims (supplier_id, opened_at, claim_id);

CREATE TABLE product_returns (
    return_id UUID NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    order_id UUID NOT NULL,
    order_number TEXT NOT NULL,
    supplier_order_id UUID NOT NULL,
    line_id UUID NOT NULL,
    supplier_id UUID NOT NULL,
    buyer_id UUID NOT NULL,
    product_id UUID NOT NULL,
    product_title TEXT NOT NULL,
    product_title_en TEXT NOT NULL,
    specification TEXT NOT NULL,
    picture TEXT NOT NULL,
    piece_count INTEGER NOT NULL,
    cause TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL,
    send_to TEXT DEFAULT '' NOT NULL,
    carrier_name TEXT DEFAULT '' NOT NULL,
    waybill_number TEXT DEFAULT '' NOT NULL,
    wanted_fen BIGINT NOT NULL,
    granted_fen BIGINT,
    delivered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_product_returns PRIMARY KEY (return_id),
    CONSTRAINT ck_product_returns_status_is_known
        CHECK (status IN ('REQUESTED', 'APPROVED', 'REFUSED', 'SENT_BACK', 'RECEIVED', 'ACCEPTED', 'REJECTED',
                          'REFUNDED', 'WITHDRAWN')),
    CONSTRAINT ck_product_returns_pieces_are_positive CHECK (piece_count > 0),
    CONSTRAINT ck_product_returns_granted_when_accepted
        CHECK ((status IN ('ACCEPTED', 'REFUNDED')) = (granted_fen IS NOT NULL)),
    CONSTRAINT ck_product_returns_sent_by_somebody
        CHECK (status NOT IN ('SENT_BACK', 'RECEIVED', 'ACCEPTED', 'REJECTED', 'REFUNDED') OR waybill_number <> ''),
    CONSTRAINT ck_product_returns_somebody_is_due
        CHECK ((status IN ('REQUESTED', 'APPROVED', 'SENT_BACK', 'RECEIVED')) = (due_at IS NOT NULL)),
    CONSTRAINT fk_product_returns_line_id_line_balances FOREIGN KEY(line_id) REFERENCES line_balances (line_id)
)
 WITH (fillfactor = 80);

CREATE INDEX ix_product_returns_buyer_id_opened_at_return_id ON product_returns (buyer_id, opened_at, return_id);

CREATE INDEX ix_product_returns_due_at_waiting ON product_returns (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX ix_product_returns_line_id ON product_returns (line_id);

CREATE INDEX ix_product_returns_opened_at_return_id ON product_returns (opened_at, return_id);

CREATE INDEX ix_product_returns_order_id ON product_returns (order_id);

CREATE INDEX ix_product_returns_supplier_id_opened_at_return_id ON product_returns (supplier_id, opened_at, return_id);

-- What was granted is summed up on the line's own row, where CHECKs hold it against the line's frozen share: refunds
-- beside each other queue up at that row, and the one that would give too much fails.
CREATE FUNCTION count_line_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE line_balances
    SET refunded_count = refunded_count + NEW.piece_count,
        refunded_fen = refunded_fen + NEW.goods_fen,
        refunded_delivery_fen = refunded_delivery_fen + NEW.delivery_fen
    WHERE line_id = NEW.line_id;
    RETURN NULL;
END $$;

CREATE TRIGGER count_line_refund AFTER INSERT ON line_refunds FOR EACH ROW EXECUTE FUNCTION count_line_refund();

CREATE TRIGGER line_refunds_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON line_refunds
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER line_shares_are_frozen
BEFORE UPDATE OF line_id, quantity, payable_fen, delivery_fen OR DELETE ON line_balances
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER trail_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trail_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
