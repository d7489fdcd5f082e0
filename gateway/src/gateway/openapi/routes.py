"""`/openapi.json` for programs and `/docs` for people; both need nothing from outside."""

from pathlib import Path

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

from gateway.openapi import rules
from gateway.openapi.queries import OpenApiDocument

router = APIRouter(include_in_schema=False)

_PAGE = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"


@router.get("/openapi.json")
async def get_openapi(request: Request) -> Response:
    """The merged OpenAPI document."""
    document: OpenApiDocument = request.app.state.openapi_document
    return Response(await document.read(), media_type="application/json", headers={"Cache-Control": "max-age=60"})


@router.get("/docs")
async def get_docs(request: Request) -> HTMLResponse:
    """The reference: all operations of all services on one page, without scripts."""
    source: OpenApiDocument = request.app.state.openapi_document
    document = orjson.loads(await source.read())
    page = _PAGE.get_template("reference.html").render(
        title=document["info"]["title"],
        tags=rules.operations_by_tag(document),
        missing=document["x-missing-services"],
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "max-age=60"})
