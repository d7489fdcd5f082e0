"""Products: what a supplier offers, whatever the pack."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, SmallInteger, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class Product(Base):
    """`number` is the short key that search uses; nobody outside sees it.

    `picture` is the cover (empty: none yet), `more_pictures` those after it, in order. `is_reviewed` says that somebody
    let it through as it is now: an unchanged product that was delisted may come back without another review. Only a
    LISTED product has packs on the shelf: the database refuses others. With season windows of its own, the months here
    are those of the first.
    """

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint(
            "season_from_month BETWEEN 1 AND 12 AND season_to_month BETWEEN 1 AND 12", name="season_months"
        ),
        CheckConstraint("shelf_life_days BETWEEN 1 AND 36500", name="shelf_life_positive"),
        CheckConstraint("status IN ('DRAFT', 'IN_REVIEW', 'LISTED', 'DELISTED')", name="status_known"),
        CheckConstraint("status <> 'LISTED' OR is_reviewed", name="listed_is_reviewed"),
        CheckConstraint("tax_code ~ '^([0-9]{19})?$'", name="tax_code_form"),
        Index("uq_products_number", "number", unique=True),
        Index("ix_products_supplier_id_product_id", "supplier_id", "product_id"),
        Index("ix_products_supplier_id_title", "supplier_id", "title", "product_id"),
        Index("ix_products_supplier_id_status", "supplier_id", "status", "product_id"),
    )

    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, Identity(always=True))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.supplier_id"))
    title: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    category: Mapped[str] = mapped_column(Text)
    picture: Mapped[str] = mapped_column(Text)
    origin_county_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    season_from_month: Mapped[int] = mapped_column(SmallInteger)
    season_to_month: Mapped[int] = mapped_column(SmallInteger)
    shelf_life_days: Mapped[int] = mapped_column(Integer)
    temperature_class: Mapped[str] = mapped_column(Text)
    grade: Mapped[str] = mapped_column(Text, server_default=text("''"))
    description: Mapped[str] = mapped_column(Text, server_default=text("''"))
    description_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    status: Mapped[str] = mapped_column(Text, server_default=text("'DRAFT'"))
    status_reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    is_reviewed: Mapped[bool] = mapped_column(server_default=text("false"))
    more_pictures: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    document_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    season_note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    season_note_en: Mapped[str] = mapped_column(Text, server_default=text("''"))
    tax_basis: Mapped[str] = mapped_column(Text, server_default=text("''"))
    invoice_name: Mapped[str] = mapped_column(Text, server_default=text("''"))
    tax_code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()

    @property
    def pictures(self) -> list[str]:
        """The cover, then the others in order; empty while there is none."""
        return [self.picture, *self.more_pictures] if self.picture else []
