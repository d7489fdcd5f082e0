"""Groups of words that mean the same."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog.base import Base


class SynonymGroup(Base):
    """A group of words; `is_applied` says that every product was spelled anew since its last change."""

    __tablename__ = "synonym_groups"

    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    note: Mapped[str] = mapped_column(Text, server_default=text("''"))
    is_applied: Mapped[bool] = mapped_column(server_default=text("false"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    changed_at: Mapped[datetime] = mapped_column()


class SynonymWord(Base):
    """A word of a group, normalised. A word is in one group: the key says so."""

    __tablename__ = "synonym_words"
    __table_args__ = (
        CheckConstraint("char_length(word) BETWEEN 2 AND 20", name="word_length"),
        Index("ix_synonym_words_group_id", "group_id"),
    )

    word: Mapped[str] = mapped_column(Text, primary_key=True)
    group_id: Mapped[UUID] = mapped_column(ForeignKey("synonym_groups.group_id", ondelete="CASCADE"))
