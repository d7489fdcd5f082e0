"""The event schema as written down equals the classes, and only ever grows."""

import json
import subprocess
from pathlib import Path

import pytest

from shared.asyncapi import FOLDER, documents
from shared.events import EVENTS

HOUSE = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", sorted(documents()))
def test_the_documents_in_the_tree_are_those_of_the_classes(name):
    assert (FOLDER / name).read_text() == documents()[name], "run `make schemas`"


def test_no_document_of_an_event_that_is_gone_is_left():
    assert {path.name for path in FOLDER.glob("*.json")} == set(documents())


def test_every_type_names_its_service_and_version():
    for event_type, event in EVENTS.items():
        service, name, version = event_type.split(".")
        more = {"shared.events.institutions", "shared.events.aftercare"} if service == "orders" else set()
        homes = {f"shared.events.{service}"} | more
        assert event.__module__ in homes
        assert version.startswith("v")
        assert event.subject_field in event.model_fields, name


def shrunk(before: dict, after: dict, path: str = "") -> list[str]:
    """What a reader of the old schema would miss in the new one."""
    was, now = before.get("properties", {}), after.get("properties", {})
    lost = [f"{path}.{name} is gone" for name in was if name not in now]
    lost += [
        f"{path}.{name} changed its type"
        for name in was.keys() & now.keys()
        if any(was[name].get(key) != now[name].get(key) for key in ("type", "format", "$ref"))
    ]
    new_required = set(after.get("required", [])) - set(before.get("required", [])) - set(was)
    lost += [f"{path}.{name} is new and has no default" for name in new_required]
    for name, old in before.get("$defs", {}).items():
        lost += shrunk(old, after.get("$defs", {}).get(name, {}), f"{path}#{name}")
    return lost


def test_the_rule_notices_what_shrinks():
    old = {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a", "b"]}
    grown = {"properties": {**old["properties"], "c": {"type": "string", "default": ""}}, "required": ["a", "b"]}
    assert shrunk(old, grown) == []
    assert shrunk(old, {"properties": {"a": {"type": "string"}}, "required": ["a"]}) == [".b is gone"]
    assert shrunk(old, {**old, "properties": {**old["properties"], "b": {"type": "string"}}}) == [".b changed its type"]


def test_events_only_grow_since_the_first_commit_that_had_them():
    """Against every version of each document that git remembers (none in a shallow or unversioned tree)."""
    for name in sorted(documents()):
        if name == "asyncapi.json":
            continue
        path = (FOLDER / name).relative_to(HOUSE).as_posix()
        log = subprocess.run(
            ["git", "log", "--format=%H", "--", path], cwd=HOUSE, capture_output=True, text=True, check=False
        )
        for commit in log.stdout.split():
            shown = subprocess.run(
                ["git", "show", f"{commit}:{path}"], cwd=HOUSE, capture_output=True, text=True, check=False
            )
            if shown.returncode == 0:
                assert shrunk(json.loads(shown.stdout), json.loads((FOLDER / name).read_text())) == [], name
