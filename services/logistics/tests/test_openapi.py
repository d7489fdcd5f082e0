"""What the service says of itself can be followed to the end."""

from typing import Any

import httpx2


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(each) for each in node.values()))
    if isinstance(node, list):
        return set().union(*(references(each) for each in node))
    return set()


async def test_every_reference_leads_somewhere_and_the_pushes_are_described(client: httpx2.AsyncClient):
    document = (await client.get("/openapi.json")).json()
    for reference in references(document):
        place = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
    readings = document["paths"]["/v1/carriers/{code}/readings"]["post"]
    schema = readings["requestBody"]["content"]["application/json"]["schema"]
    assert sorted(schema["properties"]) == ["device_id", "readings", "waybill_number"]
    assert {each["name"] for each in readings["parameters"]} >= {"code", "webhook-id", "webhook-signature"}
