"""The page on which a payer pays, in Chinese and English, for a phone first; it works without JavaScript."""

from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from deploy.payment_sandbox.api import Sandbox
from deploy.payment_sandbox.book import RefusedError, Trade
from deploy.payment_sandbox.courier import Delivery

ACTIONS = frozenset({"pay", "late", "anyway", "decline"})


def cashier_routes(templates: Jinja2Templates) -> list[Route]:
    """The page and its form."""

    async def show(request: Request) -> Response:
        sandbox: Sandbox = request.app.state.sandbox
        trade = sandbox.book.by_code.get(request.path_params["code"])
        if trade is None:
            return templates.TemplateResponse(request, "cashier.html", {"trade": None}, status_code=404)
        shown = {
            "trade": trade,
            "state": sandbox.book.state_of(trade, datetime.now(UTC)),
            "yuan": f"{trade.total // 100:,}.{trade.total % 100:02d}",
            "return_url": _return_url(sandbox, trade, request.query_params.get("return_to", "")),
            "due": datetime.fromisoformat(trade.time_expire).strftime("%m-%d %H:%M"),
            "late_seconds": round(sandbox.settings.late_seconds),
            "query": request.url.query,
        }
        return templates.TemplateResponse(request, "cashier.html", shown)

    async def act(request: Request) -> Response:
        sandbox: Sandbox = request.app.state.sandbox
        trade = sandbox.book.by_code.get(request.path_params["code"])
        async with request.form(max_files=0, max_fields=8) as form:
            action = form.get("action")
        if trade is None or action not in ACTIONS:
            return templates.TemplateResponse(request, "cashier.html", {"trade": None}, status_code=404)
        _do(sandbox, trade, str(action))
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/pay/{trade.code}{query}", status_code=303)

    return [
        Route("/pay/{code}", show, methods=["GET"]),
        Route("/pay/{code}", act, methods=["POST"]),
    ]


def _do(sandbox: Sandbox, trade: Trade, action: str) -> None:
    """Pay, pay with a late notice, pay what is closed, or decline. What no longer fits is shown by the page's state."""
    now = datetime.now(UTC)
    try:
        if action == "decline":
            sandbox.book.close_trade(trade, now)
            return
        sandbox.book.pay(trade, now, captured=None, is_forced=action == "anyway")
    except RefusedError:
        return
    delay = sandbox.settings.late_seconds if action == "late" else 0.0
    sandbox.courier.tell_payment(trade, Delivery(delay_seconds=delay))


def _return_url(sandbox: Sandbox, trade: Trade, wanted: str) -> str:
    """Back to the shop: to the wanted address if it is the shop's own, else to the configured one."""
    home = sandbox.settings.return_url.replace("{attach}", quote(trade.attach, safe=""))
    shop, asked = urlsplit(home), urlsplit(wanted)
    is_own = (shop.scheme, shop.netloc) == (asked.scheme, asked.netloc) and asked.scheme in {"http", "https"}
    return wanted if is_own else home
