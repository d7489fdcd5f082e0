"""Pages drawn from answers that our services really gave (answers/*.json), without a server."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from starlette.requests import Request

from gateway.organisation.queries import OrganisationChoice
from gateway.pages.shell import Page
from gateway.visitor import Language, Visitor
from shared.auth import Caller

VOID = frozenset({"meta", "link", "img", "input", "br", "hr"})
PERSON = UUID("0192a1b2-0000-7000-8000-000000000001")
SUPPLIER = UUID("0192a1b2-0000-7000-8000-000000000002")


@dataclass
class Element:
    """A start tag with its attributes and the text inside."""

    tag: str
    attributes: dict[str, str]
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside, blanks collapsed."""
        return " ".join(" ".join(self.texts).split())


class Markup(HTMLParser):
    """All elements of a page in order; unclosed and stray tags are noted."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.faults: list[str] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{each.tag}> is never closed" for each in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> has an attribute twice")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1].tag != tag:
            self.faults.append(f"</{tag}> closes nothing")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)

    def find(self, tag: str, **attributes: str) -> list[Element]:
        """Elements with these attributes; `class_` means that the class is among them."""
        wanted = attributes.pop("class_", None)
        return [
            each
            for each in self.elements
            if each.tag == tag
            and (wanted is None or wanted in each.attributes.get("class", "").split())
            and all(each.attributes.get(name) == value for name, value in attributes.items())
        ]

    @property
    def text(self) -> str:
        """The text of the whole page."""
        return self.find("body")[0].text


def answer_of(name: str) -> Any:
    """A recorded answer, a fresh copy each time."""
    return json.loads((Path(__file__).parent / "answers" / f"{name}.json").read_text())


def a_visitor(
    language: Language = "zh", kind: str = "consumer", roles: frozenset[str] = frozenset({"admin"})
) -> Visitor:
    """Somebody signed in as `kind` with these roles, or nobody for `anonymous`."""
    if kind == "anonymous":
        return Visitor(None, None, "", None, None, None, (), language, "a-form-token")
    organisation = OrganisationChoice(SUPPLIER, kind, "阜平枣花沟", "Fuping Zaohuagou", roles, ())
    has_one = kind != "consumer"
    return Visitor(
        caller=Caller(PERSON, SUPPLIER if has_one else None, kind, roles),
        session_id=PERSON,
        display_name="小美",
        email="xiaomei@example.com",
        phone=None,
        organisation=organisation if has_one else None,
        organisations=(organisation,) if has_one else (),
        language=language,
        csrf_token="a-form-token",
        internal_token="token",
    )


def a_page(
    language: Language = "zh", *, path: str = "/", query: str = "", kind: str = "consumer", cookies: str = ""
) -> Page:
    """A request for a page."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost"), (b"cookie", cookies.encode())],
        "scheme": "http",
        "server": ("localhost", 80),
    }
    return Page(Request(scope), a_visitor(language, kind))


@pytest.fixture
def markup() -> type[Markup]:
    """Reads a page: `markup(text).find("a")`."""
    return Markup


@pytest.fixture
def page_of() -> Callable[..., Page]:
    """A request for a page in a language, by a kind of visitor."""
    return a_page


@pytest.fixture
def visitor_of() -> Callable[..., Visitor]:
    """A visitor in a language, of a kind, with roles."""
    return a_visitor


@pytest.fixture
def answer() -> Callable[[str], Any]:
    """A recorded answer by name."""
    return answer_of


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> Language:
    """Both languages, one after the other."""
    return "zh" if request.param == "zh" else "en"
