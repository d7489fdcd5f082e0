-- Goods checks (验货) and disputes of units' orders. Lock order: the order's row, its unit order, the dispute, the budget.

CREATE TABLE acceptances (
    order_id uuid CONSTRAINT pk_acceptances PRIMARY KEY
        CONSTRAINT fk_acceptances_order_id_unit_orders REFERENCES unit_orders,
    quality text NOT NULL,
    is_origin_right boolean NOT NULL,
    note text NOT NULL DEFAULT '',
    accepted_fen bigint NOT NULL,
    refused_fen bigint NOT NULL,
    accepted_by uuid NOT NULL,
    accepted_at timestamptz NOT NULL,
    CONSTRAINT ck_acceptances_quality_is_known CHECK (quality IN ('GOOD', 'FAIR', 'POOR')),
    CONSTRAINT ck_acceptances_money_is_not_negative CHECK (accepted_fen >= 0 AND refused_fen >= 0)
);

CREATE TABLE acceptance_lines (
    line_id uuid CONSTRAINT pk_acceptance_lines PRIMARY KEY
        CONSTRAINT fk_acceptance_lines_line_id_order_lines REFERENCES order_lines,
    order_id uuid NOT NULL CONSTRAINT fk_acceptance_lines_order_id_acceptances REFERENCES acceptances,
    line_number smallint NOT NULL,
    sent_count integer NOT NULL,
    accepted_count integer NOT NULL,
    missing_count integer NOT NULL DEFAULT 0,
    refused_count integer NOT NULL DEFAULT 0,
    cause text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    payable_fen bigint NOT NULL,
    delivery_fen bigint NOT NULL,
    refused_fen bigint NOT NULL DEFAULT 0,
    reduced_fen bigint NOT NULL DEFAULT 0,
    CONSTRAINT ck_acceptance_lines_pieces_add_up CHECK (
        accepted_count >= 0 AND missing_count >= 0 AND refused_count >= 0
        AND accepted_count + missing_count + refused_count = sent_count
    ),
    CONSTRAINT ck_acceptance_lines_cause_is_known CHECK
        (cause IN ('', 'QUALITY', 'ORIGIN', 'TEMPERATURE', 'DAMAGED', 'EXPIRED', 'WRONG_GOODS', 'OTHER')),
    CONSTRAINT ck_acceptance_lines_refused_has_cause CHECK ((refused_count > 0) = (cause <> '')),
    CONSTRAINT ck_acceptance_lines_money_is_not_negative CHECK
        (payable_fen >= 0 AND delivery_fen >= 0 AND refused_fen >= 0 AND reduced_fen BETWEEN 0 AND payable_fen)
);
CREATE INDEX ix_acceptance_lines_order_id ON acceptance_lines (order_id);
CREATE TRIGGER acceptances_are_kept BEFORE UPDATE OR DELETE ON acceptances
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_recount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a goods check is not done again' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER acceptance_lines_are_kept BEFORE UPDATE ON acceptance_lines FOR EACH ROW
WHEN ((OLD.accepted_count, OLD.missing_count, OLD.refused_count, OLD.cause, OLD.payable_fen, OLD.delivery_fen)
      IS DISTINCT FROM
      (NEW.accepted_count, NEW.missing_count, NEW.refused_count, NEW.cause, NEW.payable_fen, NEW.delivery_fen))
EXECUTE FUNCTION refuse_recount();

CREATE TABLE disputes (
    dispute_id uuid CONSTRAINT pk_disputes PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    order_id uuid NOT NULL CONSTRAINT fk_disputes_order_id_unit_orders REFERENCES unit_orders,
    status text NOT NULL,
    side text NOT NULL,
    reason text NOT NULL,
    stage text NOT NULL,
    opened_by uuid NOT NULL,
    opened_at timestamptz NOT NULL,
    outcome text,
    reduced_fen bigint NOT NULL DEFAULT 0,
    resolution text NOT NULL DEFAULT '',
    ended_by uuid,
    ended_at timestamptz,
    CONSTRAINT ck_disputes_status_is_known CHECK (status IN ('OPEN', 'RESOLVED', 'WITHDRAWN')),
    CONSTRAINT ck_disputes_side_is_known CHECK (side IN ('unit', 'supplier')),
    CONSTRAINT ck_disputes_has_reason CHECK (reason <> ''),
    CONSTRAINT ck_disputes_outcome_is_known CHECK (outcome IN ('RESUME', 'REDUCE', 'CANCEL')),
    CONSTRAINT ck_disputes_resolved_has_outcome CHECK ((status = 'RESOLVED') = (outcome IS NOT NULL)),
    CONSTRAINT ck_disputes_resolved_has_reason CHECK (status <> 'RESOLVED' OR resolution <> ''),
    CONSTRAINT ck_disputes_ended_by_somebody CHECK
        ((status = 'OPEN') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)),
    CONSTRAINT ck_disputes_reduced_by_outcome CHECK ((reduced_fen > 0) = (coalesce(outcome, '') = 'REDUCE'))
);
CREATE UNIQUE INDEX ix_disputes_one_open ON disputes (order_id) WHERE status = 'OPEN';
CREATE INDEX ix_disputes_opened_at_dispute_id ON disputes (opened_at, dispute_id);
CREATE FUNCTION dispute_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (('OPEN', 'RESOLVED'), ('OPEN', 'WITHDRAWN'));
CREATE TRIGGER disputes_move BEFORE UPDATE OF status ON disputes FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT dispute_may_move(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_move();

ALTER TABLE photos ADD COLUMN organisation_id uuid;
ALTER TABLE goods_back DROP CONSTRAINT ck_goods_back_cause_is_known;
ALTER TABLE goods_back ADD CONSTRAINT ck_goods_back_cause_is_known CHECK (cause IN ('return', 'exchange', 'acceptance'));

-- What was consumed and is not owed after all is free again.
ALTER TABLE budget_entries DROP CONSTRAINT ck_budget_entries_kind_is_known;
ALTER TABLE budget_entries ADD CONSTRAINT ck_budget_entries_kind_is_known
    CHECK (kind IN ('GRANT', 'ADJUST', 'COMMIT', 'CONSUME', 'RELEASE', 'RESTORE'));
ALTER TABLE budget_entries DROP CONSTRAINT ck_budget_entries_spending_names_what_for;
ALTER TABLE budget_entries ADD CONSTRAINT ck_budget_entries_spending_names_what_for
    CHECK ((kind IN ('COMMIT', 'CONSUME', 'RELEASE', 'RESTORE')) = (reference_id IS NOT NULL)
           AND (reference_id IS NULL) = (reference_kind IS NULL));
CREATE OR REPLACE FUNCTION book_budget_entry() RETURNS trigger LANGUAGE plpgsql AS $$
-- Moves the counters that the entry says, and writes into it what they are afterwards. The CHECKs refuse what is not
-- there: more than was granted, more than was committed for what the entry names, more than was consumed for it.
DECLARE
    granted bigint := CASE WHEN NEW.kind IN ('GRANT', 'ADJUST') THEN NEW.amount_fen ELSE 0 END;
    committed bigint := CASE NEW.kind WHEN 'COMMIT' THEN NEW.amount_fen WHEN 'CONSUME' THEN -NEW.amount_fen
                                      WHEN 'RELEASE' THEN -NEW.amount_fen ELSE 0 END;
    consumed bigint := CASE NEW.kind WHEN 'CONSUME' THEN NEW.amount_fen WHEN 'RESTORE' THEN -NEW.amount_fen ELSE 0 END;
BEGIN
    UPDATE budgets SET granted_fen = granted_fen + granted, committed_fen = committed_fen + committed,
                       consumed_fen = consumed_fen + consumed, entry_count = entry_count + 1
    WHERE budget_id = NEW.budget_id
    RETURNING granted_fen, committed_fen, consumed_fen
    INTO NEW.granted_after_fen, NEW.committed_after_fen, NEW.consumed_after_fen;
    IF NEW.kind = 'COMMIT' THEN
        INSERT INTO budget_commitments AS held (reference_kind, reference_id, budget_id, committed_fen)
        VALUES (NEW.reference_kind, NEW.reference_id, NEW.budget_id, NEW.amount_fen)
        ON CONFLICT (reference_kind, reference_id, budget_id)
            DO UPDATE SET committed_fen = held.committed_fen + excluded.committed_fen;
    ELSIF NEW.kind IN ('CONSUME', 'RELEASE', 'RESTORE') THEN
        UPDATE budget_commitments
        SET consumed_fen = consumed_fen + consumed,
            released_fen = released_fen + CASE WHEN NEW.kind IN ('RELEASE', 'RESTORE') THEN NEW.amount_fen ELSE 0 END
        WHERE reference_kind = NEW.reference_kind AND reference_id = NEW.reference_id AND budget_id = NEW.budget_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'nothing is committed for %', NEW.reference_id USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
