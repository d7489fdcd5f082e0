"""ETag and If-Match: an edit says which revision it edits, so that nobody overwrites what they have not seen."""

import re
from typing import Annotated

from fastapi import Depends, Header

from shared.errors import BadRequest, PreconditionMissing, Stale


def etag_of(revision: int) -> str:
    """The strong entity tag of a revision (RFC 9110, 8.8.3)."""
    return f'"{revision}"'


def expected_revision(
    if_match: Annotated[str | None, Header(description='The ETag that you edit, such as `"3"`.')] = None,
) -> int:
    """The revision in If-Match; 428 `precondition-missing` without it, 400 `etag-invalid` if it is none of ours."""
    if if_match is None:
        raise PreconditionMissing(
            "Send If-Match with the ETag of the version that you edit.", code="precondition-missing", field="If-Match"
        )
    found = re.fullmatch(r'"(\d{1,18})"', if_match.strip())
    if found is None:
        raise BadRequest("If-Match must be one of our ETags, in quotes.", code="etag-invalid", field="If-Match")
    return int(found.group(1))


IfMatch = Annotated[int, Depends(expected_revision)]


def ensure_fresh(expected: int, actual: int) -> None:
    """Refuse an edit of a version that is no longer the latest: 412 `stale`."""
    if expected != actual:
        raise Stale(
            "It was changed in the meantime. Read it again, then repeat your change.",
            code="stale",
            current_etag=etag_of(actual),
        )
