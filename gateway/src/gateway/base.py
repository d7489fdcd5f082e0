"""The gateway's own tables hang on this base."""

from sqlalchemy.orm import DeclarativeBase

from shared.db import new_metadata


class Base(DeclarativeBase):
    """Parent of every table of the gateway."""

    metadata = new_metadata()
