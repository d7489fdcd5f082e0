-- What prices are made of: tiers beside the SKU, promotions with budgets, caps and coupons, carriage.

ALTER TABLE sellable_skus
    ADD COLUMN price_tiers jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN presale jsonb,
    ADD COLUMN tax jsonb,
    ADD COLUMN tax_code text NOT NULL DEFAULT '',
    ADD COLUMN unit text NOT NULL DEFAULT '',
    ADD COLUMN invoice_name text NOT NULL DEFAULT '';

-- Each step with its fen; empty where the list price is all there is to say.
ALTER TABLE order_lines
    ADD COLUMN is_gift boolean NOT NULL DEFAULT false,
    ADD COLUMN price_trace jsonb NOT NULL DEFAULT '[]',
    ADD CONSTRAINT ck_order_lines_gift_is_free CHECK (NOT is_gift OR payable_fen = 0);

CREATE TABLE promotions (
    promotion_id uuid CONSTRAINT pk_promotions PRIMARY KEY,
    revision bigint NOT NULL,
    status text NOT NULL,
    kind text NOT NULL,
    supplier_id uuid,
    bearer text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    priority integer NOT NULL,
    exclusive_group text NOT NULL DEFAULT '',
    person_cap integer,
    budget_fen bigint,
    is_claimable boolean NOT NULL DEFAULT false,
    coupon_limit integer,
    coupon_days integer,
    scope jsonb NOT NULL,
    terms jsonb NOT NULL,
    gift_sku_ids uuid[] NOT NULL DEFAULT '{}',
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT ck_promotions_status_is_known CHECK (status IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ENDED')),
    CONSTRAINT ck_promotions_kind_is_known CHECK (
        kind IN ('limited-price', 'member-price', 'bundle', 'amount-off', 'gift', 'exchange', 'coupon')
    ),
    CONSTRAINT ck_promotions_bearer_is_known CHECK (bearer IN ('platform', 'supplier')),
    CONSTRAINT ck_promotions_supplier_bears_its_own CHECK (supplier_id IS NULL OR bearer = 'supplier'),
    CONSTRAINT ck_promotions_period_is_not_empty CHECK (starts_at < ends_at),
    CONSTRAINT ck_promotions_cap_is_positive CHECK (person_cap > 0),
    CONSTRAINT ck_promotions_budget_is_not_negative CHECK (budget_fen >= 0)
);
CREATE INDEX ix_promotions_status_ends_at ON promotions (status, ends_at);
CREATE INDEX ix_promotions_supplier_id_created_at ON promotions (supplier_id, created_at, promotion_id);

ALTER TABLE trail_entries DROP CONSTRAINT ck_trail_entries_subject_is_known;
ALTER TABLE trail_entries ADD CONSTRAINT ck_trail_entries_subject_is_known
    CHECK (subject_kind IN ('claim', 'return', 'review', 'promotion'));

-- A budget: what is left, what unpaid orders hold, what paid orders took. Only promotions with a budget have a row.
CREATE TABLE promotion_balances (
    promotion_id uuid CONSTRAINT pk_promotion_balances PRIMARY KEY
        CONSTRAINT fk_promotion_balances_promotion_id_promotions REFERENCES promotions,
    balance_fen bigint NOT NULL,
    held_fen bigint NOT NULL DEFAULT 0,
    kept_fen bigint NOT NULL DEFAULT 0,
    CONSTRAINT ck_promotion_balances_never_below_zero CHECK (balance_fen >= 0 AND held_fen >= 0 AND kept_fen >= 0)
) WITH (fillfactor = 70);

CREATE TABLE promotion_entries (
    entry_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_promotion_entries PRIMARY KEY,
    promotion_id uuid NOT NULL CONSTRAINT fk_promotion_entries_promotion_id_promotions REFERENCES promotions,
    kind text NOT NULL,
    fen bigint NOT NULL,
    order_id uuid,
    recorded_by uuid,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT ck_promotion_entries_kind_is_known CHECK (kind IN ('granted', 'held', 'kept', 'returned')),
    CONSTRAINT ck_promotion_entries_order_or_grant CHECK ((kind = 'granted') = (order_id IS NULL)),
    CONSTRAINT ck_promotion_entries_fen_is_positive CHECK (fen > 0 OR kind = 'granted')
);
CREATE INDEX ix_promotion_entries_promotion_id_entry_id ON promotion_entries (promotion_id, entry_id);

-- How often a person took part, with the cap that held then.
CREATE TABLE promotion_takings (
    promotion_id uuid NOT NULL CONSTRAINT fk_promotion_takings_promotion_id_promotions REFERENCES promotions,
    person_id uuid NOT NULL,
    taken_count integer NOT NULL,
    cap_count integer NOT NULL,
    CONSTRAINT pk_promotion_takings PRIMARY KEY (promotion_id, person_id),
    CONSTRAINT ck_promotion_takings_within_the_cap CHECK (taken_count BETWEEN 0 AND cap_count)
);
CREATE INDEX ix_promotion_takings_person_id ON promotion_takings (person_id);

CREATE TABLE coupons (
    coupon_id uuid CONSTRAINT pk_coupons PRIMARY KEY,
    promotion_id uuid NOT NULL CONSTRAINT fk_coupons_promotion_id_promotions REFERENCES promotions,
    code text CONSTRAINT uq_coupons_code UNIQUE,
    status text NOT NULL,
    holder_id uuid,
    order_id uuid,
    expires_at timestamptz NOT NULL,
    issued_at timestamptz NOT NULL,
    claimed_at timestamptz,
    used_at timestamptz,
    CONSTRAINT ck_coupons_status_is_known CHECK (status IN ('ISSUED', 'CLAIMED', 'HELD', 'USED')),
    CONSTRAINT ck_coupons_claimed_has_holder CHECK ((status = 'ISSUED') = (holder_id IS NULL)),
    CONSTRAINT ck_coupons_held_by_an_order CHECK ((status IN ('HELD', 'USED')) = (order_id IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX ix_coupons_holder_id_status ON coupons (holder_id, status);
CREATE INDEX ix_coupons_promotion_id_coupon_id ON coupons (promotion_id, coupon_id);

-- What an order took of a promotion.
CREATE TABLE promotion_uses (
    order_id uuid NOT NULL CONSTRAINT fk_promotion_uses_order_id_orders REFERENCES orders,
    promotion_id uuid NOT NULL CONSTRAINT fk_promotion_uses_promotion_id_promotions REFERENCES promotions,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL,
    bearer text NOT NULL,
    supplier_id uuid,
    coupon_id uuid,
    discount_fen bigint NOT NULL,
    status text NOT NULL,
    CONSTRAINT pk_promotion_uses PRIMARY KEY (order_id, promotion_id),
    CONSTRAINT ck_promotion_uses_status_is_known CHECK (status IN ('HELD', 'KEPT', 'RETURNED')),
    CONSTRAINT ck_promotion_uses_discount_is_not_negative CHECK (discount_fen >= 0)
) WITH (fillfactor = 80);
CREATE INDEX ix_promotion_uses_promotion_id_order_id ON promotion_uses (promotion_id, order_id);

CREATE TABLE delivery_tariffs (
    tariff_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_delivery_tariffs PRIMARY KEY,
    supplier_id uuid,
    temperature_class text NOT NULL DEFAULT '',
    region_prefix text NOT NULL DEFAULT '',
    is_served boolean NOT NULL DEFAULT true,
    first_g bigint NOT NULL,
    first_fen bigint NOT NULL,
    step_g bigint NOT NULL,
    step_fen bigint NOT NULL,
    free_from_fen bigint,
    CONSTRAINT ck_delivery_tariffs_region_is_a_prefix CHECK (region_prefix ~ '^([0-9]{2}|[0-9]{4}|[0-9]{6})?$'),
    CONSTRAINT ck_delivery_tariffs_money_is_not_negative CHECK (first_fen >= 0 AND step_fen >= 0 AND free_from_fen >= 0),
    CONSTRAINT ck_delivery_tariffs_steps_are_positive CHECK (first_g >= 0 AND step_g > 0),
    CONSTRAINT uq_delivery_tariffs_supplier_id UNIQUE NULLS NOT DISTINCT (supplier_id, temperature_class, region_prefix)
);

CREATE TABLE delivery_promises (
    from_prefix text NOT NULL,
    to_prefix text NOT NULL,
    first_days integer NOT NULL,
    last_days integer NOT NULL,
    CONSTRAINT pk_delivery_promises PRIMARY KEY (from_prefix, to_prefix),
    CONSTRAINT ck_delivery_promises_days_are_in_order CHECK (first_days BETWEEN 0 AND last_days)
);

-- One row whose revision is new whenever anything changes that prices are made of: what a process read under a revision
-- it may keep for as long as it finds that revision here.
CREATE TABLE pricing_revision (
    is_only boolean CONSTRAINT pk_pricing_revision PRIMARY KEY DEFAULT true,
    revision uuid NOT NULL,
    CONSTRAINT ck_pricing_revision_is_only CHECK (is_only)
);
INSERT INTO pricing_revision (revision) VALUES (gen_random_uuid());
