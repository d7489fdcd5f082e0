"""What can be wrong with a request, without a word of HTTP. `shared.problems` turns these into answers."""

from typing import Any


class Refusal(Exception):  # noqa: N818 - it is a refusal, not a fault
    """The request is understood and refused.

    `code` is kebab case and stable; the message is a sentence that helps; `field` is the path of the input at fault;
    further keywords travel in the answer as they are (plain JSON values).
    """

    status = 400
    title = "Bad request"
    code = "bad-request"

    def __init__(self, message: str, *, code: str | None = None, field: str | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field
        self.extra = extra


class BadRequest(Refusal):
    """The request as a whole cannot be read."""


class Unauthenticated(Refusal):
    """Nobody, or nobody we can be sure of, is calling."""

    status = 401
    title = "Who is calling?"
    code = "unauthenticated"


class Forbidden(Refusal):
    """The caller is known and may not do this."""

    status = 403
    title = "Not allowed"
    code = "forbidden"


class NotFound(Refusal):
    """There is no such thing, or none that the caller may know of."""

    status = 404
    title = "Not found"
    code = "not-found"


class Conflict(Refusal):
    """The request is right in itself and does not fit the state of things."""

    status = 409
    title = "Conflict"
    code = "conflict"


class Stale(Refusal):
    """Somebody changed it since the caller read it."""

    status = 412
    title = "Changed in the meantime"
    code = "stale"


class TooLarge(Refusal):
    """More bytes than we take."""

    status = 413
    title = "Too large"
    code = "too-large"


class Unsupported(Refusal):
    """A kind of content that we do not take."""

    status = 415
    title = "Unsupported content"
    code = "unsupported-content"


class Invalid(Refusal):
    """A value breaks a rule."""

    status = 422
    title = "Invalid"
    code = "invalid"


class PreconditionMissing(Refusal):
    """An edit must say which version it edits."""

    status = 428
    title = "Say which version you edit"
    code = "precondition-missing"


class TooMany(Refusal):
    """The caller asks too often. `retry_after_seconds` in the extras becomes the Retry-After header."""

    status = 429
    title = "Too many requests"
    code = "too-many-requests"


class Unavailable(Refusal):
    """Something we need does not answer; trying again later may help."""

    status = 503
    title = "Not available now"
    code = "unavailable"
