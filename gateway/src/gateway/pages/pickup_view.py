"""A pickup point in one line."""

from collections.abc import Mapping
from typing import Any

from gateway.pages.shell import Page


def point_line(point: Mapping[str, Any], page: Page) -> str:
    """Its name, where it is, when it is open, and what it keeps cold."""
    kept = [str(page.t.names["pickup_storage"][each]) for each in point["storages"]]
    return " · ".join([point["name"], point["address"], point["open_hours"], *kept])
