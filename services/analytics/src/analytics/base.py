"""The PostgreSQL tables of analytics hang on this base; the facts themselves are in ClickHouse."""

from sqlalchemy.orm import DeclarativeBase

from shared.db import new_metadata


class Base(DeclarativeBase):
    """Parent of every model of this service."""

    metadata = new_metadata()
