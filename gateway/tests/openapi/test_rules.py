"""Merging documents."""

from gateway.openapi import rules

OWN = {
    "openapi": "3.1.0",
    "info": {"title": "x", "version": "1"},
    "paths": {"/v1/me": {"get": {"operationId": "me", "responses": {}}}, "/events": {"get": {}}},
    "components": {"schemas": {"Problem": {"type": "object"}}},
}
THEIRS = {
    "paths": {
        "/v1/orders": {
            "post": {
                "operationId": "place",
                "tags": ["order"],
                "summary": "Place",
                "security": [{"HTTPBearer": []}],
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewOrder"}}}},
                "responses": {
                    "201": {
                        "description": "Made",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                    }
                },
            }
        },
        "/events": {"get": {}},
        "/health/live": {"get": {}},
    },
    "components": {
        "schemas": {
            "NewOrder": {
                "type": "object",
                "required": ["lines"],
                "properties": {
                    "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                    "security": {
                        "anyOf": [{"type": "string"}, {"type": "null"}],
                        "description": "a field of this name",
                    },
                },
            },
            "Order": {"type": "object"},
            "Line": {"type": "object"},
            "Problem": {"type": "object", "description": "theirs"},
        },
        "securitySchemes": {"HTTPBearer": {}},
    },
}


def test_paths_lie_below_their_service_and_feeds_stay_inside():
    document = rules.merged(OWN, {"orders": THEIRS}, missing=[])
    assert list(document["paths"]) == ["/v1/me", "/api/orders/v1/orders"]


def test_names_of_two_services_do_not_meet():
    document = rules.merged(OWN, {"orders": THEIRS, "catalog": THEIRS}, missing=[])
    schemas = document["components"]["schemas"]
    assert schemas["Problem"] == {"type": "object"}
    assert schemas["orders.Problem"]["description"] == "theirs"
    body = document["paths"]["/api/catalog/v1/orders"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/catalog.NewOrder"
    assert schemas["orders.NewOrder"]["properties"]["lines"]["items"]["$ref"] == "#/components/schemas/orders.Line"
    assert "security" in schemas["orders.NewOrder"]["properties"]


def test_every_reference_leads_somewhere():
    document = rules.merged(OWN, {"orders": THEIRS}, missing=["catalog"])

    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [each for part in value.values() for each in references(part)]
        return [each for part in value for each in references(part)] if isinstance(value, list) else []

    for reference in references(document):
        section, name = reference.removeprefix("#/components/").split("/")
        assert name in document["components"][section]
    assert document["x-missing-services"] == ["catalog"]


def test_one_signs_in_the_gateway_s_way():
    document = rules.merged(OWN, {"orders": THEIRS}, missing=[])
    operation = document["paths"]["/api/orders/v1/orders"]["post"]
    assert operation["security"] == [{"bearer": []}, {"session": []}, {}]
    assert set(document["components"]["securitySchemes"]) == {"bearer", "session", "client"}
    assert operation["operationId"] == "orders.place"


def test_an_operation_reads_in_words():
    document = rules.merged(OWN, {"orders": THEIRS}, missing=[])
    (operation,) = rules.operations_by_tag(document)["orders: order"]
    assert (operation.method, operation.path, operation.summary) == ("POST", "/api/orders/v1/orders", "Place")
    assert operation.parameters == [rules.Field("limit", "integer", is_required=False, description="")]
    assert operation.body == [
        rules.Field("lines", "[Line]", is_required=True, description=""),
        rules.Field("security", "string | null", is_required=False, description="a field of this name"),
    ]
    assert operation.answers == [("201", "Made", "Order")]


def test_the_documents_given_are_not_changed():
    before = repr((OWN, THEIRS))
    rules.merged(OWN, {"orders": THEIRS}, missing=[])
    assert repr((OWN, THEIRS)) == before
