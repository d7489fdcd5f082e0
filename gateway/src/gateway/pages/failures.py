"""Refusals and faults as pages, each with a next step."""

from typing import Final

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from gateway.pages.shell import Page
from gateway.visitor import Problem, visitor

_KNOWN: Final = {
    403: "forbidden",
    404: "missing",
    429: "too_many",
    502: "unavailable",
    503: "unavailable",
    504: "unavailable",
}
_SERVER_FAULT: Final = 500


async def error_page(request: Request, problem: Problem) -> Response:
    """The page for a problem. Who must sign in is sent to do so, and comes back to where they were."""
    page = Page(request, await visitor(request))
    if problem.status == 401:  # noqa: PLR2004
        going = page.sign_in_url if request.method in {"GET", "HEAD"} else "/sign-in"
        if page.is_htmx:
            return Response(status_code=204, headers={"hx-redirect": going})
        return RedirectResponse(going, 303)
    kind = _KNOWN.get(problem.status, "fault" if problem.status >= _SERVER_FAULT else "refused")
    if problem.code == "csrf-failed":
        kind = "stale_form"
    texts = getattr(page.t.problem, kind)
    can_retry = kind in {"unavailable", "fault", "too_many"} and request.method == "GET"
    told = page.refusal_text(problem.code)
    return page.render(
        "problem.html",
        status=problem.status,
        number=problem.status,
        heading=texts.heading,
        text=told or texts.text,
        detail=problem.detail if kind == "refused" and not told else "",
        retry_url=request.url.path + (f"?{request.url.query}" if request.url.query else "") if can_retry else "",
        trace=problem.extra.get("trace_id", "") if kind == "fault" else "",
    )
