"""Messages with the mails and preferences of each person; what the gateway must know of orders, lots and packs to tell
the right people; endpoints of organisations with their secrets, deliveries and attempts."""

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    """CREATE TABLE messages (
        message_id uuid NOT NULL CONSTRAINT pk_messages PRIMARY KEY,
        person_id uuid NOT NULL,
        organisation_id uuid,
        event_id uuid NOT NULL,
        template text NOT NULL,
        kind text NOT NULL,
        facts jsonb NOT NULL,
        link text NOT NULL,
        words text NOT NULL,
        happened_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        read_at timestamptz,
        CONSTRAINT ck_messages_kind_known CHECK (
            kind IN ('order', 'parcel', 'after_sales', 'safety', 'sale', 'stock', 'notice', 'system')
        ),
        -- one event, one receiver, one message; a person may receive it for two organisations
        CONSTRAINT uq_messages_event_id_template_person_id_organisation_id
            UNIQUE NULLS NOT DISTINCT (event_id, template, person_id, organisation_id),
        CONSTRAINT fk_messages_person_id_people FOREIGN KEY (person_id) REFERENCES people (person_id) ON DELETE CASCADE,
        -- who leaves an organisation leaves its messages behind
        CONSTRAINT fk_messages_person_id_organisation_id_memberships
            FOREIGN KEY (person_id, organisation_id) REFERENCES memberships (person_id, organisation_id)
            ON DELETE CASCADE
    )""",
    "CREATE INDEX ix_messages_person_id_happened_at_message_id ON messages (person_id, happened_at, message_id)",
    "CREATE INDEX ix_messages_unread ON messages (person_id) WHERE read_at IS NULL",
    "CREATE INDEX ix_messages_created_at ON messages (created_at)",
    """CREATE TABLE message_preferences (
        person_id uuid NOT NULL,
        kind text NOT NULL,
        is_mailed boolean NOT NULL,
        CONSTRAINT pk_message_preferences PRIMARY KEY (person_id, kind),
        CONSTRAINT fk_message_preferences_person_id_people
            FOREIGN KEY (person_id) REFERENCES people (person_id) ON DELETE CASCADE
    )""",
    """CREATE TABLE known_orders (
        order_id uuid NOT NULL CONSTRAINT pk_known_orders PRIMARY KEY,
        order_number text NOT NULL,
        buyer_id uuid NOT NULL,
        organisation_id uuid,
        payable_fen bigint NOT NULL,
        state text NOT NULL,
        payment_due_at timestamptz,
        reminded_at timestamptz,
        noted_at timestamptz NOT NULL,
        CONSTRAINT ck_known_orders_state_known CHECK (state IN ('PLACED', 'PAID', 'CANCELLED'))
    )""",
    """CREATE INDEX ix_known_orders_due ON known_orders (payment_due_at)
        WHERE state = 'PLACED' AND reminded_at IS NULL""",
    "CREATE INDEX ix_known_orders_noted_at ON known_orders (noted_at)",
    """CREATE TABLE known_parts (
        supplier_order_id uuid NOT NULL CONSTRAINT pk_known_parts PRIMARY KEY,
        order_id uuid NOT NULL,
        supplier_id uuid NOT NULL,
        CONSTRAINT fk_known_parts_order_id_known_orders
            FOREIGN KEY (order_id) REFERENCES known_orders (order_id) ON DELETE CASCADE
    )""",
    "CREATE INDEX ix_known_parts_order_id ON known_parts (order_id)",
    """CREATE TABLE known_lots (
        lot_code text NOT NULL,
        order_id uuid NOT NULL,
        CONSTRAINT pk_known_lots PRIMARY KEY (lot_code, order_id),
        CONSTRAINT fk_known_lots_order_id_known_orders
            FOREIGN KEY (order_id) REFERENCES known_orders (order_id) ON DELETE CASCADE
    )""",
    "CREATE INDEX ix_known_lots_order_id ON known_lots (order_id)",
    """CREATE TABLE known_skus (
        sku_id uuid NOT NULL CONSTRAINT pk_known_skus PRIMARY KEY,
        title text NOT NULL,
        title_en text NOT NULL,
        revision integer NOT NULL
    )""",
    """CREATE TABLE waiting_events (
        event_id uuid NOT NULL CONSTRAINT pk_waiting_events PRIMARY KEY,
        order_id uuid NOT NULL,
        envelope jsonb NOT NULL,
        kept_at timestamptz NOT NULL
    )""",
    "CREATE INDEX ix_waiting_events_order_id ON waiting_events (order_id)",
    """CREATE TABLE mails (
        mail_id uuid NOT NULL CONSTRAINT pk_mails PRIMARY KEY,
        message_id uuid NOT NULL CONSTRAINT uq_mails_message_id UNIQUE,
        status text NOT NULL,
        attempts integer NOT NULL,
        claimed_until timestamptz,
        error text NOT NULL,
        created_at timestamptz NOT NULL,
        sent_at timestamptz,
        CONSTRAINT ck_mails_status_known CHECK (status IN ('WAITING', 'SENT', 'FAILED')),
        CONSTRAINT ck_mails_sent_has_instant CHECK ((status = 'SENT') = (sent_at IS NOT NULL)),
        CONSTRAINT fk_mails_message_id_messages
            FOREIGN KEY (message_id) REFERENCES messages (message_id) ON DELETE CASCADE
    )""",
    """CREATE TABLE webhook_endpoints (
        endpoint_id uuid NOT NULL CONSTRAINT pk_webhook_endpoints PRIMARY KEY,
        organisation_id uuid NOT NULL,
        url text NOT NULL,
        description text NOT NULL,
        event_types text[] NOT NULL,
        status text NOT NULL,
        disabled_reason text NOT NULL,
        failing_since timestamptz,
        created_by uuid NOT NULL,
        created_at timestamptz NOT NULL,
        revision integer NOT NULL,
        CONSTRAINT ck_webhook_endpoints_status_known CHECK (status IN ('ACTIVE', 'DISABLED')),
        CONSTRAINT ck_webhook_endpoints_disabled_says_why CHECK ((status = 'DISABLED') = (disabled_reason <> '')),
        CONSTRAINT ck_webhook_endpoints_wants_something CHECK (cardinality(event_types) > 0),
        CONSTRAINT fk_webhook_endpoints_organisation_id_organisations
            FOREIGN KEY (organisation_id) REFERENCES organisations (organisation_id) ON DELETE CASCADE
    )""",
    "CREATE INDEX ix_webhook_endpoints_organisation_id ON webhook_endpoints (organisation_id)",
    """CREATE TABLE webhook_secrets (
        secret_id uuid NOT NULL CONSTRAINT pk_webhook_secrets PRIMARY KEY,
        endpoint_id uuid NOT NULL,
        sealed bytea NOT NULL,
        hint text NOT NULL,
        created_at timestamptz NOT NULL,
        valid_until timestamptz,
        CONSTRAINT fk_webhook_secrets_endpoint_id_webhook_endpoints
            FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (endpoint_id) ON DELETE CASCADE
    )""",
    "CREATE INDEX ix_webhook_secrets_endpoint_id ON webhook_secrets (endpoint_id)",
    """CREATE UNIQUE INDEX uq_webhook_secrets_without_end ON webhook_secrets (endpoint_id)
        WHERE valid_until IS NULL""",
    """CREATE TABLE webhook_deliveries (
        delivery_id uuid NOT NULL CONSTRAINT pk_webhook_deliveries PRIMARY KEY,
        endpoint_id uuid NOT NULL,
        event_id uuid NOT NULL,
        event_type text NOT NULL,
        body bytea NOT NULL,
        status text NOT NULL,
        step integer NOT NULL,
        attempts integer NOT NULL,
        next_at timestamptz,
        claim uuid,
        response_status integer,
        error text NOT NULL,
        created_at timestamptz NOT NULL,
        settled_at timestamptz,
        CONSTRAINT uq_webhook_deliveries_endpoint_id_event_id UNIQUE (endpoint_id, event_id),
        CONSTRAINT ck_webhook_deliveries_status_known
            CHECK (status IN ('WAITING', 'SENDING', 'DELIVERED', 'FAILED')),
        -- what waits or is being sent has an instant at which somebody takes it up (again)
        CONSTRAINT ck_webhook_deliveries_open_has_instant
            CHECK ((status IN ('WAITING', 'SENDING')) = (next_at IS NOT NULL)),
        CONSTRAINT ck_webhook_deliveries_sending_is_claimed CHECK ((status = 'SENDING') = (claim IS NOT NULL)),
        CONSTRAINT ck_webhook_deliveries_settled_has_instant
            CHECK ((status IN ('DELIVERED', 'FAILED')) = (settled_at IS NOT NULL)),
        CONSTRAINT fk_webhook_deliveries_endpoint_id_webhook_endpoints
            FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (endpoint_id) ON DELETE CASCADE
    )""",
    """CREATE INDEX ix_webhook_deliveries_open ON webhook_deliveries (endpoint_id, next_at)
        WHERE next_at IS NOT NULL""",
    """CREATE INDEX ix_webhook_deliveries_endpoint_id_created_at_delivery_id
        ON webhook_deliveries (endpoint_id, created_at, delivery_id)""",
    "CREATE INDEX ix_webhook_deliveries_created_at ON webhook_deliveries (created_at)",
    """CREATE TABLE webhook_attempts (
        delivery_id uuid NOT NULL,
        number integer NOT NULL,
        started_at timestamptz NOT NULL,
        took_ms integer NOT NULL,
        response_status integer,
        excerpt text NOT NULL,
        error text NOT NULL,
        CONSTRAINT pk_webhook_attempts PRIMARY KEY (delivery_id, number),
        CONSTRAINT fk_webhook_attempts_delivery_id_webhook_deliveries
            FOREIGN KEY (delivery_id) REFERENCES webhook_deliveries (delivery_id) ON DELETE CASCADE
    )""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
