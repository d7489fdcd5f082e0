CREATE TABLE reviews (
    review_id UUID NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    line_id UUID NOT NULL,
    order_id UUID NOT NULL,
    product_id UUID NOT NULL,
    product_title TEXT NOT NULL,
    product_title_en TEXT NOT NULL,
    specification TEXT NOT NULL,
    supplier_id UUID NOT NULL,
    buyer_id UUID NOT NULL,
    author TEXT NOT NULL,
    rating SMALLINT NOT NULL,
    body TEXT DEFAULT '' NOT NULL,
    reviewed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    answer TEXT DEFAULT '' NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    hidden_reason TEXT DEFAULT '' NOT NULL,
    hidden_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_reviews PRIMARY KEY (review_id),
    CONSTRAINT ck_reviews_rating_is_one_to_five CHECK (rating BETWEEN 1 AND 5),
    CONSTRAINT ck_reviews_answer_has_instant CHECK ((answered_at IS NULL) = (answer = '')),
    CONSTRAINT ck_reviews_hidden_with_reason CHECK ((hidden_at IS NULL) = (hidden_reason = '')),
    CONSTRAINT fk_reviews_line_id_order_lines FOREIGN KEY(line_id) REFERENCES order_lines (line_id)
)
 WITH (fillfactor = 80);

CREATE INDEX ix_reviews_buyer_id ON reviews (buyer_id);

CREATE UNIQUE INDEX ix_reviews_line_id ON reviews (line_id);

CREATE INDEX ix_reviews_product_id_reviewed_at_review_id ON reviews (product_id, reviewed_at, review_id);

CREATE INDEX ix_reviews_reviewed_at_review_id ON reviews (reviewed_at, review_id);

CREATE INDEX ix_reviews_supplier_id_reviewed_at_review_id ON reviews (supplier_id, reviewed_at, review_id);

CREATE TABLE product_ratings (
    product_id UUID NOT NULL,
    supplier_id UUID NOT NULL,
    rating_count INTEGER NOT NULL,
    rating_sum BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    CONSTRAINT pk_product_ratings PRIMARY KEY (product_id),
    CONSTRAINT ck_product_ratings_count_is_not_negative CHECK (rating_count >= 0),
    CONSTRAINT ck_product_ratings_sum_fits_count CHECK (rating_sum BETWEEN rating_count AND 5 * rating_count)
)
 WITH (fillfactor = 80);

-- The sum over a product's shown reviews. Its row is what reviews of one product beside each other queue up at, and its
-- revision says which of two sums is the later one, whatever order their events are read in.
CREATE FUNCTION count_review() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was_shown boolean := TG_OP = 'UPDATE' AND OLD.hidden_at IS NULL;
    is_shown boolean := NEW.hidden_at IS NULL;
    change int := is_shown::int - was_shown::int;
BEGIN
    IF change < 0 THEN
        UPDATE product_ratings
        SET rating_count = rating_count - 1, rating_sum = rating_sum - NEW.rating, revision = revision + 1
        WHERE product_id = NEW.product_id;
    ELSIF change > 0 THEN
        INSERT INTO product_ratings AS total (product_id, supplier_id, rating_count, rating_sum, revision)
        VALUES (NEW.product_id, NEW.supplier_id, 1, NEW.rating, 1)
        ON CONFLICT (product_id) DO UPDATE
            SET rating_count = total.rating_count + 1,
                rating_sum = total.rating_sum + excluded.rating_sum,
                revision = total.revision + 1;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER count_review AFTER INSERT OR UPDATE OF hidden_at ON reviews
FOR EACH ROW EXECUTE FUNCTION count_review();

CREATE TRIGGER reviews_are_as_they_were_written
BEFORE UPDATE OF line_id, product_id, buyer_id, rating, body, reviewed_at OR DELETE ON reviews
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
