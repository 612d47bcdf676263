"""AsyncAPI 3 of everything that is told, generated from the event classes."""

from typing import Any

from libs.common.events import KINDS
from libs.common.version import VERSION


def document() -> dict[str, Any]:
    """One channel per kind: the NATS subject, and the schema of the event's data."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for kind, cls in sorted(KINDS.items()):
        schema = cls.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[cls.__name__] = schema
        name = kind.replace(".", "_")
        channels[name] = {
            "address": f"evt.{kind}.{{job_id}}",
            "parameters": {"job_id": {"description": "the job that the event belongs to"}},
            "messages": {
                name: {
                    "name": kind,
                    "title": (cls.__doc__ or kind).strip().splitlines()[0],
                    "contentType": "application/cloudevents+json",
                    "payload": _envelope(kind, cls.__name__),
                }
            },
        }
        operations[f"receive_{name}"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{name}"},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Shirushi events", "version": VERSION, "license": {"name": "AGPL-3.0"}},
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas},
    }


def _envelope(kind: str, name: str) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "source": text,
            "type": {"const": kind},
            "subject": text,
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "data": {"$ref": f"#/components/schemas/{name}"},
            "seq": {"type": "integer", "description": "on the live socket: stream sequence"},
        },
    }
