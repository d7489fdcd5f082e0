"""Every refusal and fault as `application/problem+json` (RFC 9457), in one place.

`code` is stable and for programs, `detail` is a sentence for people, `field` or `errors[].field` says where,
`trace_id` finds it in the logs.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from shared.errors import Refusal
from shared.idempotency import Replay
from shared.log import logger
from shared.telemetry import current_trace

MEDIA_TYPE = "application/problem+json"
_RESERVED = frozenset({"type", "title", "status", "code", "detail", "headers", "trace_id"})
_TITLES = {404: "Not found", 405: "Method not allowed", 413: "Too large", 415: "Unsupported content"}

log = logger(__name__)


class FieldError(BaseModel):
    """One wrong value of the request."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """The body of every answer from 400 up."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    errors: list[FieldError] | None = None
    trace_id: str | None = None


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": description, "content": {MEDIA_TYPE: {}}}
    for status, description in {
        400: "The request cannot be read",
        401: "Nobody we know is calling",
        403: "Not allowed",
        404: "Not found",
        409: "Does not fit the state of things",
        412: "Changed in the meantime",
        413: "Too large",
        415: "Unsupported content",
        422: "A value breaks a rule",
        428: "Say which version you edit",
        429: "Too many requests",
        503: "Not available now",
    }.items()
}


def problem(
    status: int, *, code: str, title: str, detail: str, headers: dict[str, str] | None = None, **members: Any
) -> Response:
    """The response of a problem."""
    trace = current_trace()
    body = {
        "type": f"urn:zhunong:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        **{name: value for name, value in members.items() if value is not None},
        "trace_id": trace.trace_id if trace else None,
    }
    return Response(orjson.dumps(body, default=str), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def refused(_: Request, refusal: Exception) -> Response:
    """Our own refusals."""
    assert isinstance(refusal, Refusal)  # noqa: S101 - registered for this class only
    headers: dict[str, str] = {}
    if refusal.status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer"
    if "retry_after_seconds" in refusal.extra:
        headers["Retry-After"] = str(refusal.extra["retry_after_seconds"])
    extra = {(f"current_{name}" if name in _RESERVED else name): value for name, value in refusal.extra.items()}
    return problem(
        refusal.status,
        code=refusal.code,
        title=refusal.title,
        detail=refusal.message,
        field=refusal.field,
        headers=headers,
        **extra,
    )


def replayed(_: Request, replay: Exception) -> Response:
    """The first answer to an Idempotency-Key, again."""
    assert isinstance(replay, Replay)  # noqa: S101 - registered for this class only
    return Response(
        replay.body, status_code=replay.status, media_type="application/json", headers={"Idempotent-Replayed": "true"}
    )


def _path(location: Sequence[int | str]) -> str:
    parts = location[1:] if location and location[0] in ("body", "query", "path", "header", "cookie") else location
    return ".".join(str(part) for part in parts) or str(location[0] if location else "body")


def unreadable(_: Request, error: Exception) -> Response:
    """Input that does not fit the route's schema: every wrong field at once."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    wrong = [
        {"field": _path(each["loc"]), "code": str(each["type"]).replace("_", "-"), "message": str(each["msg"])}
        for each in error.errors()
    ]
    first = wrong[0] if wrong else {"field": "body", "message": "The request cannot be read."}
    return problem(
        422,
        code="validation",
        title="Invalid",
        detail=f"{first['field']}: {first['message']}",
        field=first["field"],
        errors=wrong,
    )


def http_error(_: Request, error: Exception) -> Response:
    """What the framework itself refuses: no such route, no such method, a body that is no form."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    title = _TITLES.get(error.status_code, "Refused")
    code = title.lower().replace(" ", "-")
    detail = error.detail if error.detail and error.detail != title else f"{title}."
    return problem(error.status_code, code=code, title=title, detail=str(detail), headers=dict(error.headers or {}))


def database_refused(request: Request, error: Exception) -> Response:
    """What PostgreSQL refuses, at a statement or at the commit: a broken constraint is a conflict, an unstorable value
    is invalid input, a lost race may be tried again. Anything else is our fault."""
    assert isinstance(error, DBAPIError)  # noqa: S101 - registered for this class only
    state = str(getattr(error.orig, "sqlstate", "") or "")
    cause = getattr(error.orig, "__cause__", None)
    constraint = getattr(cause or error.orig, "constraint_name", None)
    if isinstance(error, IntegrityError) or state.startswith("23"):
        return problem(
            409,
            code="constraint-violated",
            title="Conflict",
            detail="This does not fit what is stored; nothing was changed. Read the present state and try again.",
            constraint=constraint,
        )
    if state.startswith("22") or "DataError" in type(error.orig).__name__ or "DataError" in type(cause).__name__:
        return problem(
            422,
            code="value-not-storable",
            title="Invalid",
            detail="A value is too large or holds characters that cannot be stored; nothing was changed.",
        )
    if state in ("40001", "40P01", "55P03"):
        return problem(
            409,
            code="lost-race",
            title="Conflict",
            detail="Somebody did the same at that very moment; nothing was changed. Try again.",
        )
    return fault(request, error)


def busy(_: Request, __: Exception) -> Response:
    """No database connection came free in time."""
    return problem(
        503,
        code="busy",
        title="Not available now",
        detail="We are very busy. Try again in a few seconds.",
        headers={"Retry-After": "2"},
    )


def fault(request: Request, error: Exception) -> Response:
    """Our own mistake. The trace id is all that leaves the house."""
    log.error("fault", method=request.method, path=request.url.path, exc_info=error)
    return problem(
        500,
        code="fault",
        title="Our fault",
        detail="Something went wrong on our side. Nothing was changed; tell us the trace id if it stays.",
    )


def install_problems(app: FastAPI) -> None:
    """Teach an app to answer every exception with a problem."""
    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(Replay, replayed)
    app.add_exception_handler(RequestValidationError, unreadable)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(DBAPIError, database_refused)
    app.add_exception_handler(PoolTimeoutError, busy)
    app.add_exception_handler(Exception, fault)
