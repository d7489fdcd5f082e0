"""The merged document and the page that reads it."""

from html.parser import HTMLParser

from httpx2 import AsyncClient


class Reader(HTMLParser):
    """Collects what a page loads and which ids and targets it has."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "src" or (tag == "link" and name == "href"):
                self.loaded.append(value or "")
            if name == "id":
                self.ids.append(value or "")


async def test_the_gateway_s_own_routes_are_in_the_document(client: AsyncClient):
    document = (await client.get("/openapi.json")).json()
    assert {"/v1/accounts", "/v1/sessions", "/oauth/token", "/.well-known/jwks.json", "/v1/api-keys"} <= set(
        document["paths"]
    )
    assert not [path for path in document["paths"] if path.startswith(("/events", "/health", "/metrics", "/api/"))]
    assert document["x-missing-services"] == ["analytics", "catalog", "logistics", "orders"], "nobody is behind it here"


async def test_every_operation_of_ours_tells_what_it_does(client: AsyncClient):
    document = (await client.get("/openapi.json")).json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation.get("description"), f"{method} {path}"
            assert "default" in operation["responses"] or "429" in operation["responses"], f"{method} {path}"


async def test_the_page_needs_nothing_from_outside_and_no_script(client: AsyncClient):
    answer = await client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    reader = Reader()
    reader.feed(answer.text)
    assert reader.loaded == []
    assert "script" not in reader.tags
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "/oauth/token" in answer.text
    assert len(reader.ids) == len(set(reader.ids))
