"""Somebody at the pages: reads them whole, fills a form in as it stands, sends it, and looks at what comes back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx2

from tests.e2e.house import House
from tests.e2e.people import Person

_VOID = frozenset({"meta", "link", "img", "input", "br", "hr", "option"})
Values = Mapping[str, str | list[str]]
Files = Mapping[str, tuple[str, bytes]]


@dataclass
class Form:
    """A form of a page: where it goes and what it holds as it is drawn."""

    action: str
    values: dict[str, list[str]] = field(default_factory=dict)
    verbs: list[tuple[str, str]] = field(default_factory=list)


class Sheet(HTMLParser):
    """A page as read: its status, where it is, its words, its forms."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__(convert_charrefs=True)
        self.status = answer.status_code
        self.url = answer.url
        self.forms: list[Form] = []
        self.notices: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        self.rows: list[str] = []
        self.links: list[str] = []
        self.raw = answer.text
        self._words: list[str] = []
        self._form: Form | None = None
        self._select = ""
        self._area = ""
        self._into: list[tuple[str, dict[str, str], list[str]]] = []
        self.feed(answer.text)
        self.close()

    @property
    def text(self) -> str:
        """All words of the page."""
        return " ".join(" ".join(self._words).split())

    def form(self, action: str, *, holding: str = "") -> Form:
        """The form that goes there (the first that holds the field, if one is named)."""
        for each in self.forms:
            if urlsplit(each.action).path == action and (not holding or holding in each.values):
                return each
        raise AssertionError(f"no form to {action} on {self.url}: {[each.action for each in self.forms]}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""))
            self.forms.append(self._form)
        if tag == "a":
            self.links.append(given.get("href", ""))
        name = given.get("name", "")
        if self._form is not None and name:
            self._take(tag, name, given)
        if tag == "option" and self._select and self._form is not None:
            held = self._form.values.setdefault(self._select, [])
            if "selected" in given or not held:
                self._form.values[self._select] = [given.get("value", "")]
        if tag not in _VOID:
            self._into.append((tag, given, []))

    def _take(self, tag: str, name: str, given: dict[str, str]) -> None:
        assert self._form is not None
        values = self._form.values
        if tag == "button":
            self._form.verbs.append((name, given.get("value", "")))
        elif tag == "select":
            self._select = name
            values.setdefault(name, [])
        elif tag == "textarea":
            self._area = name
        elif given.get("type") in ("checkbox", "radio"):
            if "checked" in given:
                values.setdefault(name, []).append(given.get("value", "on"))
        elif given.get("type") != "file":
            values.setdefault(name, []).append(given.get("value", ""))

    def handle_data(self, data: str) -> None:
        self._words.append(data)
        for _, _, words in self._into:
            words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if not self._into or self._into[-1][0] != tag:
            return
        _, given, words = self._into.pop()
        text = " ".join(" ".join(words).split())
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea" and self._form is not None and self._area:
            self._form.values[self._area] = ["".join(words)]
            self._area = ""
        elif tag == "tr":
            self.rows.append(text)
        if given.get("role") in ("status", "alert") and text:
            self.notices[given["role"]] = text
        if "field-error" in given.get("class", "").split():
            self.errors[given.get("id", "").removesuffix("-note")] = text


@dataclass
class Reader:
    """A person with the pages open, in one language."""

    house: House
    person: Person
    language: str = "zh"

    async def open(self, path: str) -> Sheet:
        """A page; redirects are followed as a browser does."""
        answer = await self.fetch(path)
        while answer.is_redirect:  # the client itself would leave the cookie behind
            answer = await self.fetch(answer.headers["location"])
        return Sheet(answer)

    async def fetch(self, path: str) -> httpx2.Response:
        """A file."""
        return await self.house["gateway"].client.get(path, headers=self._headers())

    async def send(
        self, sheet: Sheet, action: str, values: Values | None = None, *, files: Files | None = None, holding: str = ""
    ) -> Sheet:
        """The form of the page, filled in with these values over what it holds."""
        held: dict[str, str | list[str]] = dict(sheet.form(action, holding=holding).values)
        held |= dict(values or {})
        headers = self._headers() | {"origin": "http://house"}
        sent = {name: list(_texts(value)) for name, value in held.items()}
        answer = await self.house["gateway"].client.post(
            action,
            data=sent,
            files=[(name, each) for name, each in files.items()] if files else None,
            headers=headers,
        )
        return await self.open(answer.headers["location"]) if answer.is_redirect else Sheet(answer)

    async def fill(
        self, path: str, action: str, values: Values | None = None, *, files: Files | None = None, holding: str = ""
    ) -> Sheet:
        """Open a page and send its form."""
        sheet = await self.open(path)
        assert sheet.status == 200, f"{path}: {sheet.status} {sheet.text[:400]}"
        return await self.send(sheet, action, values, files=files, holding=holding)

    def _headers(self) -> dict[str, str]:
        own = {name: value for name, value in self.person.headers.items() if name != "x-csrf-token"}
        own["cookie"] += f"; zn_language={self.language}"
        return own | {"accept": "text/html"}


def _texts(value: str | list[str]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        yield from value
