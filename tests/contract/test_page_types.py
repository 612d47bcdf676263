"""The page's TypeScript is what the documents say: a change of the contract reaches the page."""

import pytest

from services.gateway.documents import TYPES, types
from services.gateway.typescript import event_types, rest_types, type_of


def test_the_types_of_the_page_are_those_of_the_contract() -> None:
    for name, text in types().items():
        there = (TYPES / name).read_text(encoding="utf-8")
        assert there == text, "the contract changed: run `python -m services.gateway.documents`"


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({}, "unknown"),
        (True, "unknown"),
        ({"type": "integer"}, "number"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
        ({"type": "array", "items": {"enum": ["a", 1]}}, '("a" | 1)[]'),
        ({"type": "array", "prefixItems": [{"type": "string"}, {}]}, "[string, unknown]"),
        ({"$ref": "#/components/schemas/services__gateway__a__Name"}, "Name"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "Record<string, number>"),
        (
            {"type": "object", "properties": {"a b": {"const": 1}, "c": {}}, "required": ["c"]},
            '{ "a b"?: 1; c: unknown }',
        ),
        ({"allOf": [{"$ref": "#/x/A"}, {"$ref": "#/x/B"}]}, "A & B"),
    ],
)
def test_a_schema_becomes_the_type_that_holds_the_same_values(schema: object, told: str) -> None:
    assert type_of(schema) == told  # type: ignore[arg-type]


def test_a_comment_in_a_description_cannot_end_the_comment_it_is_put_in() -> None:
    evil = {"type": "object", "properties": {}, "description": "a */ b"}
    document = {"components": {"schemas": {"A": evil}}, "paths": {}, "channels": {}}
    for told in (rest_types(document, "/api"), event_types(document)):
        assert "/** a * / b */" in told
