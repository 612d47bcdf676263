"""Events of any kind with made-up content, by their schemas: for tests of what holds for all."""

import random
import string
from collections.abc import Callable
from functools import cache
from typing import Any

from libs.common.events import KINDS, Event

PATTERNS: dict[str, Callable[[random.Random], str]] = {
    r"^[0-9a-f]{64}$": lambda chance: f"{chance.getrandbits(256):064x}",
    r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}:[0-9]{2,5}$": lambda _: "host:29400",
}


def made_up(kind: str, chance: random.Random, **given: Any) -> Event:
    """One event of `kind`; what its schema lets open is chance, and what is `given` is so."""
    cls = KINDS[kind]
    schema = _schema(kind)
    fields = _value(schema, chance, schema.get("$defs", {}))
    known = {name: value for name, value in given.items() if name in cls.model_fields}
    return cls.model_validate({**fields, **known, "kind": kind})


@cache
def _schema(kind: str) -> dict[str, Any]:
    return KINDS[kind].model_json_schema()


def _value(schema: dict[str, Any], chance: random.Random, defs: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _value(defs[schema["$ref"].rsplit("/", 1)[1]], chance, defs)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _value(chance.choice(schema[several]), chance, defs)
    kind = "object" if "properties" in schema else schema.get("type")
    if "const" in schema or "enum" in schema:
        value = schema.get("const") or chance.choice(schema["enum"])
    elif kind == "object":
        value = _object(schema, chance, defs)
    elif kind == "array":
        value = _array(schema, chance, defs)
    elif kind == "string":
        value = _text(schema, chance)
    elif kind in ("integer", "number"):
        value = _number(schema, chance, whole=kind == "integer")
    else:
        value = {"boolean": chance.random() < 0.5, "null": None}.get(str(kind), "anything")
    return value


def _array(schema: dict[str, Any], chance: random.Random, defs: dict[str, Any]) -> Any:
    if "prefixItems" in schema:
        return [_value(each, chance, defs) for each in schema["prefixItems"]]
    least = schema.get("minItems", 0)
    count = chance.randint(least, schema.get("maxItems", least + 2))
    return [_value(schema.get("items", {}), chance, defs) for _ in range(count)]


def _object(schema: dict[str, Any], chance: random.Random, defs: dict[str, Any]) -> Any:
    required = schema.get("required", [])
    made = {
        name: _value(each, chance, defs)
        for name, each in schema.get("properties", {}).items()
        if name in required or chance.random() < 0.6
    }
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        made |= {_word(chance): _value(more, chance, defs) for _ in range(chance.randint(0, 2))}
    return made


def _text(schema: dict[str, Any], chance: random.Random) -> str:
    if make := PATTERNS.get(schema.get("pattern", "")):
        return make(chance)
    plain = "pattern" in schema
    text = _word(chance) if plain else _word(chance) + chance.choice(["", "\té\n", " 標", '"\\'])
    return text[: schema.get("maxLength", 99)]


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=6))


def _number(schema: dict[str, Any], chance: random.Random, *, whole: bool) -> float:
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    high = schema.get("maximum", low + 100)
    if whole:
        step = schema.get("multipleOf", 1)
        return int(
            chance.randint(int(low) + ("exclusiveMinimum" in schema), int(high)) // step * step
        )
    return chance.uniform(low, high) or high
