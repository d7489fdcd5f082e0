"""Merging OpenAPI documents: one API out of several, with every name told apart by its service."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_HIDDEN = ("/events", "/health", "/metrics", "/openapi.json")


def prefixed(document: Document, service: str) -> Document:
    """A service's document as it reads through the gateway: paths below /api/<service>, names below <service>."""
    renamed = _renamed(document, service)
    paths = {
        f"/api/{service}{path}": _with_names(item, service)
        for path, item in renamed.get("paths", {}).items()
        if path.startswith("/v1/")
    }
    components = {
        section: {f"{service}.{name}": value for name, value in entries.items()}
        for section, entries in renamed.get("components", {}).items()
        if section != "securitySchemes"
    }
    return {"paths": paths, "components": components}


def _renamed(value: Any, service: str) -> Any:
    """All references to components with the service's name in front."""
    if isinstance(value, dict):
        return {key: _renamed(each, service) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, service) for each in value]
    if isinstance(value, str) and value.startswith("#/components/"):
        return _renamed_reference(value, service)
    return value


def _renamed_reference(reference: str, service: str) -> str:
    head, slash, name = reference.rpartition("/")
    return f"{head}{slash}{service}.{name}" if reference.startswith("#/components/") else reference


def _with_names(item: Mapping[str, Any], service: str) -> dict[str, Any]:
    named = dict(item)
    for method in METHODS:
        operation = named.get(method)
        if isinstance(operation, dict):
            tags = [f"{service}: {tag}" for tag in operation.get("tags", [])] or [service]
            named[method] = {
                **operation,
                "tags": tags,
                "operationId": f"{service}.{operation.get('operationId', method)}",
                "security": [{"bearer": []}, {"session": []}, {}],
            }
    return named


def own_part(document: Document) -> Document:
    """The gateway's own document without what only our machines ask for."""
    paths = {path: item for path, item in document.get("paths", {}).items() if not path.startswith(_HIDDEN)}
    return {**document, "paths": paths}


def merged(own: Document, services: Mapping[str, Document], *, missing: Iterable[str]) -> Document:
    """One document: the gateway's, then each service's. `missing` names those that could not be asked."""
    document = own_part(own)
    paths = dict(document["paths"])
    components = {section: dict(entries) for section, entries in document.get("components", {}).items()}
    for service, theirs in services.items():
        part = prefixed(theirs, service)
        paths.update(part["paths"])
        for section, entries in part["components"].items():
            components.setdefault(section, {}).update(entries)
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key (zn_…) or an access token (za_…)."},
        "session": {"type": "apiKey", "in": "cookie", "name": "zn_session"},
        "client": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": {}}},
        },
    }
    info = {
        "title": "Zhunong 助农",
        "version": str(document.get("info", {}).get("version", "1")),
        "description": "Every service of the marketplace, through its gateway.",
    }
    return {
        "openapi": document.get("openapi", "3.1.0"),
        "info": info,
        "paths": paths,
        "components": components,
        "x-missing-services": sorted(missing),
    }


@dataclass(frozen=True)
class Field:
    """A parameter or a member of a body, for reading."""

    name: str
    kind: str
    is_required: bool
    description: str


@dataclass(frozen=True)
class Operation:
    """One method of one path, for reading."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Field] = field(default_factory=list)
    body: list[Field] = field(default_factory=list)
    answers: list[tuple[str, str, str]] = field(default_factory=list)


def _name_of(schema: Any) -> str:
    """A schema in a few words, such as `integer` or `[ProductCard]`."""
    if not isinstance(schema, dict):
        return ""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2].rpartition(".")[2]
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return " | ".join(dict.fromkeys(_name_of(each) for each in choices))
    if "enum" in schema:
        return " | ".join(repr(each) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_name_of(schema.get('items'))}]"
    return str(schema.get("format") or schema.get("type") or schema.get("title") or "any")


def _resolved(schema: Any, components: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(schema, dict) and "$ref" in schema:
        section, _, name = str(schema["$ref"]).removeprefix("#/components/").partition("/")
        found = components.get(section, {}).get(name, {})
        return dict(found)
    return dict(schema) if isinstance(schema, dict) else {}


def _members(content: Mapping[str, Any], components: Mapping[str, Any]) -> list[Field]:
    for media in content.values():
        schema = _resolved(media.get("schema"), components)
        required = schema.get("required", [])
        return [
            Field(name, _name_of(each), name in required, str(each.get("description", "")))
            for name, each in schema.get("properties", {}).items()
        ]
    return []


def operations_by_tag(document: Document) -> dict[str, list[Operation]]:
    """All operations in the order of the document, under the first tag of each."""
    components = document.get("components", {})
    found: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            operation = item.get(method)
            if not isinstance(operation, dict):
                continue
            tag = (operation.get("tags") or ["other"])[0]
            found.setdefault(tag, []).append(_operation(path, method, operation, components))
    return found


def _operation(path: str, method: str, operation: Mapping[str, Any], components: Mapping[str, Any]) -> Operation:
    answers = [
        (status, str(answer.get("description", "")), _answer_kind(answer))
        for status, answer in operation.get("responses", {}).items()
    ]
    return Operation(
        anchor=str(operation.get("operationId", f"{method}{path}")),
        method=method.upper(),
        path=path,
        summary=str(operation.get("summary", "")),
        description=str(operation.get("description", "")),
        parameters=[
            Field(
                f"{each['name']}" if each["in"] != "header" else f"{each['name']} (header)",
                _name_of(each.get("schema")),
                bool(each.get("required")),
                str(each.get("description", "")),
            )
            for each in operation.get("parameters", [])
            if each.get("in") != "cookie"
        ],
        body=_members(operation.get("requestBody", {}).get("content", {}), components),
        answers=answers,
    )


def _answer_kind(answer: Mapping[str, Any]) -> str:
    for media, content in answer.get("content", {}).items():
        return _name_of(content.get("schema")) or str(media)
    return ""
