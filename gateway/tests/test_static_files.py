"""Static files and how long browsers keep them."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest_asyncio
from httpx2 import AsyncClient
from starlette.applications import Starlette
from starlette.routing import Mount

from gateway.static_files import CachedFiles, static_url


@pytest_asyncio.fixture
async def browser(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    package = tmp_path / "htmx.org" / "dist"
    package.mkdir(parents=True)
    (package / "htmx.min.js").write_text("var htmx = {}")
    app = Starlette(routes=[Mount("/static", CachedFiles(node_modules=tmp_path))])
    async with AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as own:
        yield own


async def test_an_address_with_a_hash_is_kept_for_a_year(browser: AsyncClient):
    url = static_url("pictures/apple.svg")
    assert "?v=" in url
    answer = await browser.get(url)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_an_address_without_one_is_asked_again_soon(browser: AsyncClient):
    answer = await browser.get("/static/pictures/apple.svg")
    assert answer.headers["cache-control"] == "public, max-age=300"
    again = await browser.get("/static/pictures/apple.svg", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_browser_packages_come_from_where_npm_put_them(browser: AsyncClient, tmp_path: Path):
    answer = await browser.get(static_url("vendor/htmx.min.js", node_modules=tmp_path))
    assert answer.text == "var htmx = {}"
    assert answer.headers["cache-control"].endswith("immutable")
    assert (await browser.get("/static/vendor/echarts.min.js")).status_code == 404
    assert static_url("vendor/echarts.min.js", node_modules=tmp_path) == "/static/vendor/echarts.min.js"


async def test_nothing_else_is_served(browser: AsyncClient):
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/vendor/../../app.py", "/static/nothing.css"):
        assert (await browser.get(path)).status_code == 404
