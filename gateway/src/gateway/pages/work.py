"""The way into the work pages, and who may go where."""

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.menu import MENU, Entry, entries_for, has_any_role
from gateway.pages.shell import PageDep
from gateway.visitor import SignedIn, Visitor
from shared.errors import Forbidden

__all__ = ["MENU", "Entry", "ensure_kind", "ensure_role", "entries_for", "router"]

router = APIRouter(default_response_class=Response)


def ensure_kind(visitor: Visitor, *kinds: str) -> None:
    """403 `kind-not-allowed` for who acts for no organisation of these kinds. Name `operator` if it is let in."""
    if visitor.kind not in kinds:
        raise Forbidden(
            f"This page is for: {', '.join(kinds)}. Choose another organisation in your account.",
            code="kind-not-allowed",
            kinds=list(kinds),
        )


def ensure_role(visitor: Visitor, *roles: str) -> None:
    """403 `role-missing` for who has none of the roles in the organisation acted for; operators always pass."""
    if not has_any_role(visitor, frozenset(roles)):
        raise Forbidden(
            f"This needs one of the roles: {', '.join(roles)}. Your organisation's administrator gives them.",
            code="role-missing",
            roles=list(roles),
        )


@router.get("/work")
async def get_work(page: PageDep, visitor: SignedIn) -> Response:
    """On to the visitor's first page of work; 403 `kind-not-allowed` for who has none."""
    entries = entries_for(visitor)
    if not entries:
        raise Forbidden("There are no work pages for whom you act for now.", code="kind-not-allowed")
    return page.go(entries[0].url)
