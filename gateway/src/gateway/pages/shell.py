"""What every page stands in: the visitor, the language, the header, and the rules the browser must keep."""

import time
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.access import parts
from gateway.pages import figures
from gateway.pages.icons import icons
from gateway.pages.menu import Entry, entries_for, grouped, is_at
from gateway.pages.wording import Wording, wording
from gateway.static_files import static_url
from gateway.visitor import Language, Visitor, VisitorDep, set_language
from shared.errors import Refusal
from shared.ids import new_id

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "private, no-cache",
    "vary": "cookie, accept-language",
}
_COUNT_COOKIE = "zn_cart_count"
_COUNT_SECONDS = 30 * 24 * 3600
_MOST_COUNT_DIGITS = 4


@lru_cache(maxsize=512)
def _address_at(path: str, second: int) -> str:
    del second
    return static_url(path)


def asset_url(path: str) -> str:
    """The address of a static file. The file is looked at once a second: a busy page names a dozen of them."""
    return _address_at(path, int(time.monotonic()))


templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
    cache_size=-1,
)
templates.globals.update(static_url=asset_url, icon=icons, is_at=is_at, grouped=grouped, new_key=lambda: str(new_id()))


class Page:
    """One request for a page: who asks, in which language, and how the answer is drawn."""

    def __init__(self, request: Request, visitor: Visitor) -> None:
        asked = request.query_params.get("lang")
        self.request = request
        self.visitor = visitor
        self.asked_language: Language | None = "zh" if asked == "zh" else "en" if asked == "en" else None
        self.language: Language = self.asked_language or visitor.language
        self.t: Wording = wording(self.language)
        self.cart_count = _count_of(request)
        self.unread_count = 0
        """Messages that wait for the visitor; `page_of` looks it up."""
        self.place_choices: dict[str, list[str]] = {}
        """What the fields of places offer beside a refusal, by field."""

    @property
    def is_htmx(self) -> bool:
        """Whether htmx asks for a piece of the page."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def other_language_url(self) -> str:
        """This page in the other language."""
        is_get = self.request.method in {"GET", "HEAD"}
        kept = (
            [(key, value) for key, value in self.request.query_params.multi_items() if key != "lang"] if is_get else []
        )
        path = self.request.url.path
        return f"{path}?{urlencode([*kept, ('lang', 'en' if self.language == 'zh' else 'zh')])}"

    @property
    def sign_in_url(self) -> str:
        """The sign-in page that leads back here."""
        query = self.request.url.query
        here = self.request.url.path + (f"?{query}" if query else "")
        return "/sign-in?" + urlencode({"next": here})

    @property
    def menu(self) -> list[Entry]:
        """The work pages of the visitor; empty for who only shops."""
        return entries_for(self.visitor)

    def told(self, refusal: Refusal) -> str:
        """A refusal in the visitor's language; the service's own words for a code that no text knows."""
        return self.refusal_text(refusal.code) or refusal.message

    def refusal_text(self, code: str) -> str:
        """The text for a code in `names.refusal` or any `names.<area>_refusal`; empty if none knows it."""
        names = self.t.names
        tables = (table for key, table in names.items() if key == "refusal" or key.endswith("_refusal"))
        return next((table[code] for table in tables if code in table), "")

    def day(self, value: str) -> str:
        """A date in the visitor's language."""
        return figures.day_text(value, self.language)

    def time(self, value: str) -> str:
        """A minute in Beijing time in the visitor's language."""
        return figures.time_text(value, self.language)

    def short_time(self, value: str) -> str:
        """Day and minute without the year, where space is scarce."""
        return figures.short_time_text(value, self.language)

    def render(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """The page as an answer."""
        text = templates.get_template(template).render(page=self, t=self.t, visitor=self.visitor, **context)
        response = HTMLResponse(text, status_code=status, headers=_HEADERS)
        if self.asked_language is not None:
            set_language(response, self.request, self.asked_language)
        return response

    def go(self, path: str, **query: object) -> Response:
        """Send the browser on after a form (303); htmx follows by a full page load."""
        pairs = {key: str(value) for key, value in query.items() if value is not None}
        url = f"{path}?{urlencode(pairs)}" if pairs else path
        if self.is_htmx:
            return Response(status_code=204, headers={"hx-redirect": url})
        return RedirectResponse(url, 303)

    def remember_cart_count(self, response: Response, count: int) -> None:
        """Keep the number at the cart's sign, so that no page has to ask for it."""
        self.cart_count = count
        response.set_cookie(
            _COUNT_COOKIE,
            str(count),
            max_age=_COUNT_SECONDS,
            samesite="lax",
            httponly=True,
            secure=self.request.url.scheme == "https",
        )


def _count_of(request: Request) -> int:
    text = request.cookies.get(_COUNT_COOKIE, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_COUNT_DIGITS else 0


async def page_of(request: Request, visitor: VisitorDep) -> Page:
    """The page of this request. Asynchronous, for what is not runs in a thread, which costs more than the page."""
    page = Page(request, visitor)
    if visitor.person_id is not None and not page.is_htmx:
        page.unread_count = await parts(request).unread.of(visitor.person_id)
    return page


PageDep = Annotated[Page, Depends(page_of)]
