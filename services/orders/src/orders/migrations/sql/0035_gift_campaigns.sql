-- Holiday gifts of unions: a campaign, its packages and papers, its roster. What a member may have at most, in goods and
-- in money, is held here: one row a member and holiday, one sum a member and year.
CREATE TABLE gift_campaigns (
    campaign_id uuid CONSTRAINT pk_gift_campaigns PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    unit_id uuid NOT NULL CONSTRAINT fk_gift_campaigns_unit_id_budget_units REFERENCES budget_units,
    county_code text NOT NULL,
    name text NOT NULL,
    holiday_codes text[] NOT NULL,
    year integer NOT NULL,
    per_head_fen bigint NOT NULL,
    planned_count integer NOT NULL,
    budget_fen bigint NOT NULL,
    roster_cutoff_on date NOT NULL,
    mode text NOT NULL,
    lot_address jsonb,
    default_package_id uuid,
    publicity_from_on date NOT NULL,
    publicity_until_on date NOT NULL,
    claim_from_at timestamptz,
    claim_until_at timestamptz,
    unclaimed_rule text NOT NULL,
    status text NOT NULL,
    plan_round integer NOT NULL DEFAULT 0,
    case_id uuid,
    hold_id uuid,
    choice_reason text NOT NULL DEFAULT '',
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT ck_gift_campaigns_status_is_known CHECK (status IN (
        'DRAFT', 'SUBMITTED', 'PLAN_APPROVED', 'QUOTING', 'SUPPLIER_CHOSEN', 'PUBLICITY', 'ROSTER_LOCKED', 'CLAIMING',
        'CLAIM_CLOSED', 'FULFILLING', 'ACCEPTED', 'INVOICED', 'PAID', 'ARCHIVED', 'CANCELLED')),
    CONSTRAINT ck_gift_campaigns_mode_is_known CHECK (mode IN ('WHOLE_LOT', 'CLAIM_CODE', 'MIXED')),
    CONSTRAINT ck_gift_campaigns_unclaimed_rule_is_known CHECK (unclaimed_rule IN ('DEFAULT_PACKAGE', 'RELEASE')),
    CONSTRAINT ck_gift_campaigns_has_holiday CHECK (cardinality(holiday_codes) > 0),
    CONSTRAINT ck_gift_campaigns_money_covers_plan CHECK (per_head_fen > 0 AND planned_count > 0
        AND budget_fen >= per_head_fen * planned_count),
    CONSTRAINT ck_gift_campaigns_publicity_has_end CHECK (publicity_from_on <= publicity_until_on),
    CONSTRAINT ck_gift_campaigns_lot_has_address CHECK ((mode <> 'CLAIM_CODE') = (lot_address IS NOT NULL)),
    CONSTRAINT ck_gift_campaigns_claims_have_time CHECK
        ((mode <> 'WHOLE_LOT') = (claim_from_at IS NOT NULL) AND (mode <> 'WHOLE_LOT') = (claim_until_at IS NOT NULL)
         AND (claim_from_at IS NULL OR claim_from_at < claim_until_at)),
    CONSTRAINT ck_gift_campaigns_claiming_has_default CHECK
        (status IN ('DRAFT', 'SUBMITTED', 'PLAN_APPROVED', 'QUOTING', 'CANCELLED') OR default_package_id IS NOT NULL)
);
CREATE INDEX ix_gift_campaigns_unit_id_created_at_campaign_id ON gift_campaigns (unit_id, created_at, campaign_id);

CREATE FUNCTION gift_campaign_may_move(before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN (before, after) IN (
    ('DRAFT', 'SUBMITTED'), ('SUBMITTED', 'PLAN_APPROVED'), ('SUBMITTED', 'DRAFT'), ('PLAN_APPROVED', 'QUOTING'),
    ('PLAN_APPROVED', 'SUPPLIER_CHOSEN'), ('QUOTING', 'SUPPLIER_CHOSEN'), ('SUPPLIER_CHOSEN', 'PUBLICITY'),
    ('PUBLICITY', 'ROSTER_LOCKED'), ('ROSTER_LOCKED', 'CLAIMING'),
    ('ROSTER_LOCKED', 'CLAIM_CLOSED'), ('CLAIMING', 'CLAIM_CLOSED'), ('CLAIM_CLOSED', 'FULFILLING'),
    ('FULFILLING', 'ACCEPTED'), ('ACCEPTED', 'INVOICED'), ('INVOICED', 'PAID'), ('PAID', 'ARCHIVED'),
    ('DRAFT', 'CANCELLED'), ('SUBMITTED', 'CANCELLED'), ('PLAN_APPROVED', 'CANCELLED'), ('QUOTING', 'CANCELLED'),
    ('SUPPLIER_CHOSEN', 'CANCELLED'), ('PUBLICITY', 'CANCELLED'), ('ROSTER_LOCKED', 'CANCELLED'),
    ('CLAIMING', 'CANCELLED')
);
CREATE TRIGGER gift_campaigns_move BEFORE UPDATE OF status ON gift_campaigns FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT gift_campaign_may_move(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_move();

CREATE TABLE gift_packages (
    package_id uuid CONSTRAINT pk_gift_packages PRIMARY KEY,
    campaign_id uuid NOT NULL CONSTRAINT fk_gift_packages_campaign_id_gift_campaigns REFERENCES gift_campaigns,
    position integer NOT NULL,
    name text NOT NULL,
    price_fen bigint NOT NULL,
    assisted_bp integer NOT NULL,
    planned_count integer NOT NULL,
    chosen_count integer NOT NULL DEFAULT 0,
    CONSTRAINT uq_gift_packages_campaign_id_position UNIQUE (campaign_id, position),
    CONSTRAINT ck_gift_packages_at_most_three CHECK (position BETWEEN 1 AND 3),
    CONSTRAINT ck_gift_packages_price_is_positive CHECK (price_fen > 0),
    CONSTRAINT ck_gift_packages_share_is_a_share CHECK (assisted_bp BETWEEN 0 AND 10000),
    CONSTRAINT ck_gift_packages_chosen_is_part_of_planned CHECK
        (planned_count > 0 AND chosen_count BETWEEN 0 AND planned_count)
);
ALTER TABLE gift_campaigns ADD CONSTRAINT fk_gift_campaigns_default_package_id_gift_packages
    FOREIGN KEY (default_package_id) REFERENCES gift_packages DEFERRABLE INITIALLY DEFERRED;

-- As they were listed for institutions when the package was made: a price that rises later changes no package.
CREATE TABLE gift_package_lines (
    package_id uuid NOT NULL CONSTRAINT fk_gift_package_lines_package_id_gift_packages REFERENCES gift_packages
        ON DELETE CASCADE,
    sku_id uuid NOT NULL,
    quantity integer NOT NULL,
    unit_price_fen bigint NOT NULL,
    supplier_id uuid NOT NULL,
    supplier_name text NOT NULL,
    product_title text NOT NULL,
    product_title_en text NOT NULL,
    specification text NOT NULL,
    category text NOT NULL,
    is_assisted boolean NOT NULL,
    CONSTRAINT pk_gift_package_lines PRIMARY KEY (package_id, sku_id),
    CONSTRAINT ck_gift_package_lines_something_for_something CHECK (quantity > 0 AND unit_price_fen > 0)
);

CREATE TABLE gift_documents (
    document_id uuid CONSTRAINT pk_gift_documents PRIMARY KEY,
    campaign_id uuid NOT NULL CONSTRAINT fk_gift_documents_campaign_id_gift_campaigns REFERENCES gift_campaigns,
    kind text NOT NULL,
    name text NOT NULL,
    supplier_name text NOT NULL DEFAULT '',
    amount_fen bigint,
    counted integer NOT NULL DEFAULT 1,
    key text NOT NULL,
    content_type text NOT NULL,
    size_bytes integer NOT NULL,
    uploaded_by uuid NOT NULL,
    uploaded_at timestamptz NOT NULL,
    CONSTRAINT uq_gift_documents_campaign_id_key UNIQUE (campaign_id, key),
    CONSTRAINT ck_gift_documents_kind_is_known CHECK (kind IN
        ('MINUTES', 'GROUP', 'QUOTE', 'CHAIR', 'COMPETITION', 'CONTRACT', 'SIGN_OFF', 'ACCEPTANCE', 'INVOICE',
         'PAYMENT', 'OTHER')),
    CONSTRAINT ck_gift_documents_group_counts_people CHECK (counted > 0 AND (counted = 1 OR kind = 'GROUP')),
    CONSTRAINT ck_gift_documents_quote_is_somebodys CHECK
        ((kind = 'QUOTE') = (supplier_name <> '') AND (kind = 'QUOTE') = (amount_fen IS NOT NULL)),
    CONSTRAINT ck_gift_documents_amount_is_positive CHECK (amount_fen > 0)
);

-- The same bytes for one campaign are one file, however often they are sent.
CREATE TABLE gift_roster_files (
    file_id uuid CONSTRAINT pk_gift_roster_files PRIMARY KEY,
    campaign_id uuid NOT NULL CONSTRAINT fk_gift_roster_files_campaign_id_gift_campaigns REFERENCES gift_campaigns,
    name text NOT NULL,
    digest bytea NOT NULL,
    row_count integer NOT NULL,
    taken_count integer NOT NULL,
    ineligible_count integer NOT NULL,
    wrong_count integer NOT NULL,
    uploaded_by uuid NOT NULL,
    uploaded_at timestamptz NOT NULL,
    CONSTRAINT uq_gift_roster_files_campaign_id_digest UNIQUE (campaign_id, digest),
    CONSTRAINT ck_gift_roster_files_rows_are_one_or_the_other CHECK
        (row_count = taken_count + wrong_count AND ineligible_count BETWEEN 0 AND taken_count AND wrong_count >= 0)
);
CREATE TABLE gift_roster_errors (
    file_id uuid NOT NULL CONSTRAINT fk_gift_roster_errors_file_id_gift_roster_files REFERENCES gift_roster_files,
    row_number integer NOT NULL,
    column_key text NOT NULL,
    code text NOT NULL,
    facts jsonb NOT NULL,
    cells jsonb NOT NULL,
    CONSTRAINT pk_gift_roster_errors PRIMARY KEY (file_id, row_number)
);

-- Of the phone only what tells two people of one name apart: the code is handed out by the union, and the number that a
-- parcel needs is given by the member when claiming.
CREATE TABLE gift_members (
    member_id uuid CONSTRAINT pk_gift_members PRIMARY KEY,
    campaign_id uuid NOT NULL CONSTRAINT fk_gift_members_campaign_id_gift_campaigns REFERENCES gift_campaigns,
    member_no text NOT NULL,
    name text NOT NULL,
    department text NOT NULL DEFAULT '',
    phone_masked text NOT NULL DEFAULT '',
    joined_on date,
    is_eligible boolean NOT NULL,
    reason text NOT NULL DEFAULT '',
    takes_whole_lot boolean NOT NULL,
    file_id uuid CONSTRAINT fk_gift_members_file_id_gift_roster_files REFERENCES gift_roster_files,
    added_at timestamptz NOT NULL,
    CONSTRAINT uq_gift_members_campaign_id_member_no UNIQUE (campaign_id, member_no),
    CONSTRAINT ck_gift_members_who_gets_nothing_is_told_why CHECK (is_eligible = (reason = '')),
    CONSTRAINT ck_gift_members_reason_is_known CHECK
        (reason IN ('', 'JOINED_AFTER_CUTOFF', 'LEFT', 'RETIRED', 'UNPAID_LEAVE', 'NO_DUES')),
    CONSTRAINT ck_gift_members_phone_is_masked CHECK (phone_masked ~ '^([0-9]{0,3}\*{4}[0-9]{0,4})?$')
);

CREATE TABLE gift_entitlements (
    unit_id uuid NOT NULL,
    year integer NOT NULL,
    holiday_code text NOT NULL,
    member_no text NOT NULL,
    member_id uuid NOT NULL CONSTRAINT fk_gift_entitlements_member_id_gift_members REFERENCES gift_members,
    CONSTRAINT pk_gift_entitlements PRIMARY KEY (unit_id, year, holiday_code, member_no)
);
CREATE INDEX ix_gift_entitlements_member_id ON gift_entitlements (member_id);
CREATE TABLE gift_member_years (
    unit_id uuid NOT NULL,
    year integer NOT NULL,
    member_no text NOT NULL,
    standards_fen bigint NOT NULL,
    cap_fen bigint NOT NULL,
    CONSTRAINT pk_gift_member_years PRIMARY KEY (unit_id, year, member_no),
    CONSTRAINT ck_gift_member_years_within_cap CHECK (standards_fen BETWEEN 0 AND cap_fen)
) WITH (fillfactor = 80);
