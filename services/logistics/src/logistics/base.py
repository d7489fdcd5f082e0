"""The tables of logistics hang on this base."""

from sqlalchemy.orm import DeclarativeBase

from shared.db import new_metadata


class Base(DeclarativeBase):
    """Parent of every model of this service."""

    metadata = new_metadata()
