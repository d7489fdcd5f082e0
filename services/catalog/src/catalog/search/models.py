"""What search reads: one ready card a product and price period, and the terms under which it is found.

Both are derived from the other slices and written in the same transaction as they are, so they never lag.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class ProductCard(Base):
    """A listed product as it reads from `valid_from` until `valid_until`.

    A product whose price changes next week has two rows now: the query picks by the instant, so a price starts by
    itself. `card` is the JSON of the list up to the value of `is_now`, which depends on the month; `detail` likewise.
    `eligible_for` are the rule sets under which it counts, as last decided; `sold_count` is what was sold within the
    last 30 days, counted as it is sold; `is_in_stock` what orders last said of its packs, `rating_…` what it last told
    of buyers' words.
    """

    __tablename__ = "product_cards"
    __table_args__ = (
        CheckConstraint("sold_count >= 0", name="sold_count_not_negative"),
        Index("ix_product_cards_product_id", "product_id"),
        Index("ix_product_cards_price_fen", "price_fen", "product_number"),
        Index("ix_product_cards_sold_count", "sold_count", "product_number"),
        Index("ix_product_cards_rating_score", "rating_score", "product_number"),
        Index("ix_product_cards_newest", "created_ms", "product_number"),
        *(
            Index(f"ix_product_cards_{wide}_{order}", wide, order, "product_number")
            for wide in ("category", "province_code")
            for order in ("price_fen", "sold_count", "created_ms", "rating_score")
        ),
    )

    product_number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_until: Mapped[datetime] = mapped_column()
    product_id: Mapped[UUID] = mapped_column()
    supplier_id: Mapped[UUID] = mapped_column()
    price_fen: Mapped[int] = mapped_column(Integer)
    sold_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    is_in_stock: Mapped[bool] = mapped_column(server_default=text("false"))
    rating_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rating_sum: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rating_score: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    season_mask: Mapped[int] = mapped_column(SmallInteger)
    category: Mapped[str] = mapped_column(Text)
    province_code: Mapped[str] = mapped_column(Text)
    province: Mapped[str] = mapped_column(Text)
    city_code: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text)
    designations: Mapped[list[str]] = mapped_column(ARRAY(Text))
    eligible_for: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    certificates: Mapped[list[str]] = mapped_column(ARRAY(Text))
    text_digest: Mapped[int] = mapped_column(BigInteger)
    haystack: Mapped[str] = mapped_column(Text)
    card: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger)


class SearchPosting(Base):
    """Term, product and how well the term describes it; the key itself is the ranked list that a search walks."""

    __tablename__ = "search_postings"
    __table_args__ = (Index("ix_search_postings_product_number", "product_number"),)

    term: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    rank: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    product_number: Mapped[int] = mapped_column(Integer, primary_key=True)
