"""The house as a map says it is: slices of at most six files, no file over 400 lines, no drawers for odds and ends."""

import ast
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
SERVICES = ("catalog", "orders", "logistics", "analytics")
SLICE_FILES = {"rules.py", "models.py", "queries.py", "actions.py", "schemas.py", "routes.py"}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "constants", "types", "misc", "base_service", "repository"}
LONGEST = 400
TEXT = (".py", ".html", ".css", ".js", ".toml", ".md")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=True,
    )
    return [HOUSE / line for line in listed.stdout.splitlines() if (HOUSE / line).is_file()]


def package(service: str) -> Path:
    return HOUSE / "services" / service / "src" / service


def test_no_file_is_longer_than_a_person_reads():
    data = {"designations", "data", "texts"}
    long = {
        str(path.relative_to(HOUSE)): count
        for path in tracked()
        if path.suffix in {".py", ".html", ".css", ".js", ".sql"}
        and not data.intersection(path.parts)
        and (count := len(path.read_text().splitlines())) > LONGEST
    }
    assert long == {}


def test_no_drawer_for_odds_and_ends():
    assert [str(path) for path in tracked() if path.suffix == ".py" and path.stem in FORBIDDEN_NAMES] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_shape(service):
    root = package(service)
    for name in ("__main__.py", "app.py", "settings.py", "base.py", "migrations"):
        assert (root / name).exists(), f"{service} lacks {name}"


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", sorted(HOUSE.glob("services/*/src/*/*/rules.py")), ids=str)
def test_rules_are_pure(path):
    """Values in, decision out: no waiting, no database, no web."""
    tree = ast.parse(path.read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]
    roots = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not roots & {"sqlalchemy", "fastapi", "starlette", "httpx2", "asyncpg", "pydantic"}


@pytest.mark.parametrize("path", sorted(HOUSE.glob("services/*/src/*/*/queries.py")), ids=str)
def test_queries_are_named_by_what_they_promise(path):
    reads = [each for each in functions(path) if isinstance(each, ast.AsyncFunctionDef)]
    public = [each.name for each in reads if not each.name.startswith("_")]
    starts = (
        "find_",
        "get_",
        "list_",
        "lock_",
        "count_",
        "search_",
        "is_",
        "has_",
        "summarise_",
        "sums_",
        "load_",
        "ensure_",
    )
    assert [name for name in public if not name.startswith(starts)] == []


@pytest.mark.parametrize("path", sorted(HOUSE.glob("services/*/src/*/*/routes.py")), ids=str)
def test_every_route_says_what_it_does(path):
    routes = [each for each in functions(path) if any(".router." in f".{ast.unparse(d)}" for d in each.decorator_list)]
    assert [each.name for each in routes if not ast.get_docstring(each)] == []


def test_nobody_commits_but_the_edge():
    guilty = [
        str(path.relative_to(HOUSE))
        for path in HOUSE.glob("services/*/src/**/*.py")
        if "migrations" not in path.parts and ".commit(" in path.read_text().replace("budget_actions.commit(", "")
    ]
    assert guilty == []


def test_nothing_waits_to_be_done_and_nothing_is_pretended():
    words = ("TO" + "DO", "FIX" + "ME", "XX" + "X ", "NotImplemented" + "Error", "unittest." + "mock", "Magic" + "Mock")
    found = [
        f"{path.relative_to(HOUSE)}: {word}"
        for path in tracked()
        if path.suffix in TEXT and path != Path(__file__)
        for word in words
        if word in path.read_text(errors="ignore")
    ]
    assert found == []
