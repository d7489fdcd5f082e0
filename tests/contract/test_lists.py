"""Every list that people work through can be searched, and taken away as a file that is narrowed as the list is."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from catalog.app import service as catalog
from logistics.app import service as logistics
from orders.app import service as orders
from shared.app import Service

UNSEARCHED = {
    "/v1/designations": "the public register of counties, narrowed by kind and province",
    "/v1/directory-issues/{issue}/entries": "one issue, printed whole",
    "/v1/imports/{batch_id}/bad-rows": "one file's rows in their order",
    "/v1/profit-contracts/{contract_id}/shares": "one contract's months",
    "/v1/profit-statements": "narrowed by place and month",
}
UNEXPORTED = {
    "/v1/designations": "its source is public",
    "/v1/directory-issues/{issue}/entries": "one issue, exported as the issue",
    "/v1/eligible-products": "the reasons behind a search of products; officials export decisions",
    "/v1/notices": "sentences in the reader's language, exported by the gateway",
    "/v1/products": "the shop window; suppliers export their own products",
    "/v1/profit-contracts/{contract_id}/shares": "exported as the statement, over all contracts",
    "/v1/regions": "the public division codes",
    "/v1/suppliers": "the public list; offices export admissions",
}
NARROWED_ELSEWHERE = {"cursor", "limit", "sort", "facets", "near"}


def lists_of(service: Service) -> Iterator[tuple[str, set[str], set[str] | None]]:
    """Each list's path, what it can be narrowed by, and what its export can be (None: it has none)."""
    app = FastAPI()
    for router in service.routers:
        app.include_router(router)
    paths = app.openapi()["paths"]
    asked = {
        path: {each["name"] for each in verbs["get"].get("parameters", []) if each["in"] == "query"}
        for path, verbs in paths.items()
        if "get" in verbs
    }
    for path, names in sorted(asked.items()):
        if {"cursor", "limit"} <= names:
            yield path, names - NARROWED_ELSEWHERE, asked.get(f"{path}/export")


LISTS = {path: (names, export) for path, names, export in lists_of(catalog)}
EXPORTS = {
    path: (names, export)
    for service in (catalog, orders, logistics)
    for path, names, export in lists_of(service)
    if export is not None
}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_of_the_catalog_is_searched_and_exported(path: str):
    names, export = LISTS[path]
    assert ("q" in names) != (path in UNSEARCHED), path
    assert (export is not None) != (path in UNEXPORTED), path


@pytest.mark.parametrize("path", EXPORTS)
def test_a_file_is_narrowed_as_its_list_is(path: str):
    names, export = EXPORTS[path]
    assert names <= export, f"{path} exports more than it shows"


def test_no_exception_is_left_over():
    assert (UNSEARCHED.keys() | UNEXPORTED.keys()) <= LISTS.keys()
