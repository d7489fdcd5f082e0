-- Approvals: a unit's tiers, who decides for whom, cases and their decisions.
-- Lock order: the subject of a case (a purchase, a contract), then the case, then the budget.

CREATE TABLE approval_schemes (
    unit_id uuid CONSTRAINT pk_approval_schemes PRIMARY KEY
        CONSTRAINT fk_approval_schemes_unit_id_budget_units REFERENCES budget_units,
    revision bigint NOT NULL DEFAULT 1,
    tiers jsonb NOT NULL,
    changed_by uuid NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE approval_delegations (
    delegation_id uuid CONSTRAINT pk_approval_delegations PRIMARY KEY,
    unit_id uuid NOT NULL CONSTRAINT fk_approval_delegations_unit_id_budget_units REFERENCES budget_units,
    from_person_id uuid NOT NULL,
    to_person_id uuid NOT NULL,
    from_name text NOT NULL,
    to_name text NOT NULL,
    duties text[] NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    reason text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT ck_approval_delegations_not_to_oneself CHECK (from_person_id <> to_person_id),
    CONSTRAINT ck_approval_delegations_ends_after_it_starts CHECK (starts_on <= ends_on),
    CONSTRAINT ck_approval_delegations_lends_a_duty CHECK (cardinality(duties) > 0)
);
CREATE INDEX ix_approval_delegations_unit_id_to_person_id ON approval_delegations (unit_id, to_person_id);

CREATE TABLE approval_cases (
    case_id uuid CONSTRAINT pk_approval_cases PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    title text NOT NULL DEFAULT '',
    digest text NOT NULL,
    unit_id uuid NOT NULL CONSTRAINT fk_approval_cases_unit_id_budget_units REFERENCES budget_units,
    fund text NOT NULL,
    amount_fen bigint NOT NULL,
    categories text[] NOT NULL,
    asked_by uuid,
    asked_at timestamptz NOT NULL,
    status text NOT NULL,
    tier_name text NOT NULL,
    tier_name_en text NOT NULL DEFAULT '',
    steps jsonb NOT NULL,
    step_number smallint NOT NULL,
    step_duties text[] NOT NULL,
    due_at timestamptz,
    is_escalated boolean NOT NULL DEFAULT false,
    closed_at timestamptz,
    CONSTRAINT ck_approval_cases_status_is_known
        CHECK (status IN ('PENDING', 'APPROVED', 'REFUSED', 'VOIDED', 'WITHDRAWN', 'EXPIRED')),
    CONSTRAINT ck_approval_cases_fund_is_known CHECK (fund IN ('CANTEEN', 'UNION', 'OTHER')),
    CONSTRAINT ck_approval_cases_amount_is_not_negative CHECK (amount_fen >= 0),
    CONSTRAINT ck_approval_cases_step_is_one_of_them CHECK (step_number BETWEEN 0 AND jsonb_array_length(steps)),
    CONSTRAINT ck_approval_cases_pending_is_due CHECK ((status = 'PENDING') = (due_at IS NOT NULL)),
    CONSTRAINT ck_approval_cases_closed_has_instant CHECK ((status = 'PENDING') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX ix_approval_cases_one_pending ON approval_cases (subject_kind, subject_id)
    WHERE status = 'PENDING';
CREATE INDEX ix_approval_cases_subject_id ON approval_cases (subject_id);
CREATE INDEX ix_approval_cases_unit_id_asked_at_case_id ON approval_cases (unit_id, asked_at, case_id);
CREATE INDEX ix_approval_cases_due_at ON approval_cases (due_at) WHERE status = 'PENDING';

CREATE FUNCTION approval_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('PENDING', 'APPROVED'), ('PENDING', 'REFUSED'), ('PENDING', 'EXPIRED'), ('PENDING', 'VOIDED'),
    ('PENDING', 'WITHDRAWN'), ('APPROVED', 'VOIDED'), ('APPROVED', 'WITHDRAWN')
);
CREATE TRIGGER approval_cases_move BEFORE UPDATE OF status ON approval_cases FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT approval_may_move(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_move();

CREATE TABLE approval_decisions (
    case_id uuid NOT NULL CONSTRAINT fk_approval_decisions_case_id_approval_cases REFERENCES approval_cases,
    step_number smallint NOT NULL,
    verdict text NOT NULL,
    person_id uuid NOT NULL,
    for_person_id uuid,
    duty text NOT NULL,
    reason text NOT NULL DEFAULT '',
    decided_at timestamptz NOT NULL,
    CONSTRAINT pk_approval_decisions PRIMARY KEY (case_id, step_number),
    CONSTRAINT uq_approval_decisions_case_id_person_id UNIQUE (case_id, person_id),
    CONSTRAINT ck_approval_decisions_verdict_is_known CHECK (verdict IN ('APPROVE', 'REFUSE')),
    CONSTRAINT ck_approval_decisions_refusing_has_a_reason CHECK (verdict = 'APPROVE' OR reason <> ''),
    CONSTRAINT ck_approval_decisions_for_somebody_else CHECK (for_person_id <> person_id)
);
CREATE TRIGGER approval_decisions_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON approval_decisions
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_own_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM approval_cases
        WHERE case_id = NEW.case_id AND asked_by IN (NEW.person_id, NEW.for_person_id)
    ) THEN
        RAISE EXCEPTION 'nobody approves what they asked for' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_decisions_are_not_their_own BEFORE INSERT ON approval_decisions
FOR EACH ROW EXECUTE FUNCTION refuse_own_approval();
