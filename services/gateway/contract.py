"""The OpenAPI document: FastAPI's own, with every error told as the problem that it is."""

import re
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from libs.common.answers.problems import Problem

MEDIA_TYPE = "application/problem+json"
NEVER_SENT = ("HTTPValidationError", "ValidationError")
REFERENCE = "#/components/schemas/{model}"


def tell_problems(app: FastAPI) -> None:
    """Make `app` promise a problem wherever it does not answer as asked."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(plain())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    problem = TypeAdapter(Problem).json_schema(ref_template=REFERENCE)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= problem.pop("$defs") | {"Problem": problem}
    for name in NEVER_SENT:
        schemas.pop(name, None)
    answer = {
        "description": "Not answered as asked; `detail` says what to do",
        "content": {MEDIA_TYPE: {"schema": {"$ref": REFERENCE.format(model="Problem")}}},
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = answer
    return document


def methods_at(app: FastAPI, path: str) -> list[str]:
    """What may be done at an address: of all routes that fit it, not of the first alone."""
    return sorted(
        {
            method.upper()
            for told, operations in app.openapi()["paths"].items()
            if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(told)), path)
            for method in operations
        }
    )
