"""One question, three forms of answer: JSON by pages, CSV and Parquet whole."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from analytics.export import queries as export_queries
from analytics.query import queries, rules
from analytics.query.queries import Figures
from analytics.query.schemas import QueryIn, QueryOut
from analytics.warehouse import engine_seconds
from shared.auth import CallerDep
from shared.db import Read

router = APIRouter(tags=["figures"])

Format = Annotated[
    Literal["json", "csv", "parquet"] | None, Query(alias="format", description="Overrides the Accept header.")
]
Language = Annotated[str, Header(alias="accept-language", max_length=200, description="Names in zh (default) or en.")]


@router.post(
    "/v1/query",
    response_model=QueryOut,
    responses={200: {"content": {export_queries.CSV: {}, export_queries.PARQUET: {}}}},
)
async def query(
    request: Request,
    body: QueryIn,
    caller: CallerDep,
    db: Read,
    chosen: Format = None,
    accept: Annotated[str, Header(max_length=500)] = "application/json",
    accept_language: Language = "zh",
) -> Response:
    """Figures of sales by measures and dimensions, of the rows that the caller may see.

    JSON comes in pages: `truncated` says that there is more, `next_cursor` leads on; `Server-Timing` tells the
    milliseconds of the engine's own work, none for an answer from memory. `Accept: text/csv` or
    `application/vnd.apache.parquet` (or `?format=`) streams all rows and takes no notice of `limit` and `cursor`.
    422 names what is not in the metric book; 403 for callers without figures of their own.
    """
    scope = rules.scope_of(kind=caller.kind, organisation_id=caller.organisation_id, regions=caller.regions)
    question = body.to_question()
    rules.ensure_answerable(question)
    figures: Figures = request.app.state.figures
    freshness = await queries.get_freshness(db)
    language = rules.language_of(accept_language)
    form = chosen or rules.form_of(accept)
    if form == "json":
        seconds_before = engine_seconds()
        answer = await queries.get_answer(
            figures,
            question,
            scope,
            freshness=freshness,
            language=language,
            limit=body.limit,
            cursor=body.cursor,
            include_total=body.include_total,
        )
        timing = f"engine;dur={1000 * (engine_seconds() - seconds_before):.2f}"
        headers = {"vary": "accept, accept-language", "server-timing": timing}
        return Response(answer, media_type="application/json", headers=headers)
    columns = queries.columns_of(question)
    batches = queries.list_all_rows(figures, question, scope, freshness=freshness, language=language)
    await anext(batches, None)  # a query that is too heavy is refused now; later it could only break off
    if form == "csv":
        header = [column["label"][language] for column in columns]
        content, media_type = export_queries.list_csv(header, batches), f"{export_queries.CSV}; charset=utf-8"
    else:
        content, media_type = export_queries.list_parquet(columns, batches), export_queries.PARQUET
    return StreamingResponse(
        content,
        media_type=media_type,
        headers={
            "content-disposition": f'attachment; filename="zhunong-sales.{form}"',
            "vary": "accept, accept-language",
        },
    )
