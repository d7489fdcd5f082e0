"""Identifiers: UUIDv7 (RFC 9562), so that rows made together lie together in an index."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A fresh UUIDv7. Only the edges (routes, handlers, loaders) call this: actions take ids as arguments."""
    return uuid_utils.compat.uuid7()
