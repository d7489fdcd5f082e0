"""The metric book, for people and programs that make questions."""

from typing import Any

from fastapi import APIRouter, Request

from analytics.metric import queries
from analytics.metric.schemas import MetaOut
from analytics.query import queries as query_queries
from analytics.query import rules as query_rules
from shared.auth import CallerDep
from shared.db import Read

router = APIRouter(tags=["figures"])


@router.get("/v1/meta", response_model=MetaOut)
async def get_meta(request: Request, caller: CallerDep, db: Read) -> dict[str, Any]:
    """Measures with their definitions, dimensions with the values that occur, the days that have figures, and how fresh
    they are; all as the caller may see it."""
    scope = query_rules.scope_of(kind=caller.kind, organisation_id=caller.organisation_id, regions=caller.regions)
    freshness = await query_queries.get_freshness(db)
    return await queries.get_meta(request.app.state.figures, scope, freshness=freshness)
