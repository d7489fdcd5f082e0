"""The event schema as documents: a JSON Schema for each event and one AsyncAPI 3 document, kept in the tree.

`make schemas` writes them; one test compares them with the classes, another with what they were: events only grow.
"""

import json
from pathlib import Path
from typing import Any

from shared.events import EVENTS, Event

FOLDER = Path(__file__).parent / "events" / "schemas"
_ENVELOPE = {
    "type": "object",
    "description": "CloudEvents 1.0, structured mode, with the extensions correlationid, causationid and traceparent.",
    "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid"},
        "source": {"type": "string"},
        "subject": {"type": "string"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "correlationid": {"type": ["string", "null"]},
        "causationid": {"type": ["string", "null"]},
        "traceparent": {"type": ["string", "null"]},
    },
}


def event_schema(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an event's data."""
    schema = event.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:zhunong:{event.type}", **schema}


def asyncapi_document() -> dict[str, Any]:
    """All events as channels of the services that publish them (https://www.asyncapi.com/docs/reference/specification)."""
    messages = {_key(event): _message(event) for event in EVENTS.values()}
    sources = sorted({event.source().strip("/") for event in EVENTS.values()})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Zhunong events",
            "version": "1",
            "description": "Facts that one service announces to the others, read from GET /events of each service.",
        },
        "channels": {source: _channel(source) for source in sources},
        "operations": {
            f"publish-{source}": {"action": "send", "channel": {"$ref": f"#/channels/{source}"}} for source in sources
        },
        "components": {"messages": messages, "schemas": {"Envelope": _ENVELOPE}},
    }


def _key(event: type[Event]) -> str:
    return event.type.replace(".", "-")


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.type,
        "summary": (event.__doc__ or "").strip(),
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {"properties": {"type": {"const": event.type}, "data": {"$ref": f"./{event.type}.json"}}},
            ]
        },
    }


def _channel(source: str) -> dict[str, Any]:
    own = [event for event in EVENTS.values() if event.source() == f"/{source}"]
    return {
        "address": f"/{source}/events",
        "messages": {_key(event): {"$ref": f"#/components/messages/{_key(event)}"} for event in own},
    }


def documents() -> dict[str, str]:
    """Every generated file by its name."""
    files = {f"{event.type}.json": event_schema(event) for event in EVENTS.values()}
    files["asyncapi.json"] = asyncapi_document()
    return {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in files.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in documents().items():
        (FOLDER / name).write_text(content)
