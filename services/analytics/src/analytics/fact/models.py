"""What analytics keeps in PostgreSQL beside the shared tables."""

from sqlalchemy import CheckConstraint, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from analytics.base import Base


class BuyerHashKey(Base):
    """The key under which buyers are hashed before they reach ClickHouse; there is one, made at migration.

    Lost with the database, it only means that buyers are counted anew: it finds nobody without an id.
    """

    __tablename__ = "buyer_hash_keys"
    __table_args__ = (CheckConstraint("number = 1", name="only_one"),)

    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    key: Mapped[bytes] = mapped_column(LargeBinary)
