"""`/static/…`: files with addresses that change when they change, so that browsers may keep them for a year."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"

_VENDOR = {
    "vendor/htmx.min.js": Path("htmx.org") / "dist" / "htmx.min.js",
    "vendor/echarts.min.js": Path("echarts") / "dist" / "echarts.min.js",
}
_FOREVER = "public, max-age=31536000, immutable"
_A_WHILE = "public, max-age=300"


@cache
def _digest(file: Path, _changed_at: int) -> str:
    return sha256(file.read_bytes()).hexdigest()[:12]


def file_of(path: str, *, node_modules: Path) -> Path:
    """The file behind `/static/<path>`: ours, or a package's that npm installed."""
    vendor = _VENDOR.get(path)
    return FOLDER / path if vendor is None else node_modules / vendor


def static_url(path: str, *, node_modules: Path | None = None) -> str:
    """The address of a static file with the hash of its content, such as /static/app.css?v=3f9c…; without a hash if
    there is no such file.
    """
    file = file_of(path, node_modules=node_modules or Path.cwd() / "node_modules")
    try:
        return f"/static/{path}?v={_digest(file, file.stat().st_mtime_ns)}"
    except OSError:
        return f"/static/{path}"


class CachedFiles(StaticFiles):
    """Our static folder and the browser packages beside it."""

    def __init__(self, *, node_modules: Path) -> None:
        super().__init__(directory=FOLDER, check_dir=False)
        self._node_modules = node_modules

    def lookup_path(self, path: str) -> tuple[str, Any]:
        """The file of a path; packages lie elsewhere."""
        if path in _VENDOR:
            file = self._node_modules / _VENDOR[path]
            return (str(file), file.stat()) if file.is_file() else ("", None)
        return super().lookup_path(path)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept for a year if its address holds its hash, else for five minutes."""
        response = await super().get_response(path, scope)
        if response.status_code in {200, 206, 304}:
            is_versioned = b"v=" in scope["query_string"]
            response.headers["Cache-Control"] = _FOREVER if is_versioned else _A_WHILE
        return response
