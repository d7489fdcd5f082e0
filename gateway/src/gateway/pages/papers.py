"""Papers behind the pages: what a person prints, signs and files. The services make them; here they get an address."""

from typing import Final, Literal
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from gateway.pages.listing import download
from gateway.pages.shell import PageDep
from gateway.services import Services
from gateway.visitor import SignedIn
from shared.errors import NotFound

router = APIRouter(default_response_class=Response)

_LONGEST: Final = 20
PAPERS: Final = {
    "delivery-note": "/v1/supplier-orders/{}/delivery-note",
    "acceptance-form": "/v1/unit-orders/{}/acceptance-form",
    "comparison-sheet": "/v1/quotations/{}/comparison-sheet",
    "agreement": "/v1/contracts/{}/agreement",
    "account": "/v1/settlements/{}/account",
    "ledger": "/v1/units/{}/ledger",
    "budget-statement": "/v1/budgets/{}/statement",
    "sign-off-sheet": "/v1/gift-campaigns/{}/sign-off-sheet",
    "reimbursement": "/v1/gift-campaigns/{}/reimbursement",
}
"""Where orders makes each kind of paper of a thing. Who may see the thing may have its paper."""


PERIODS: Final = {"ledger": ("year",), "account": ("from_on", "until_on")}
"""What part of the thing a paper may be asked for; a field that was left empty is not asked."""


@router.get("/papers/{kind}/{subject_id}.{form}")
async def get_paper(
    page: PageDep, services: Services, visitor: SignedIn, kind: str, subject_id: UUID, form: Literal["pdf", "xlsx"]
) -> Response:
    """The paper as a file. 404 `paper-unknown` for a kind that there is not; what the thing's own page refuses."""
    if kind not in PAPERS:
        raise NotFound("There is no such paper.", code="paper-unknown", field="kind")
    asked = {name: page.request.query_params.get(name, "").strip()[:_LONGEST] for name in PERIODS.get(kind, ())}
    params = {name: value for name, value in asked.items() if value}
    return await download(services.orders, visitor, PAPERS[kind].format(subject_id), {"format": form, **params})
