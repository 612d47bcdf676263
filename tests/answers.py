"""Hold real answers to the types that the contract promises for them."""

import re
from functools import cache
from typing import Any

import httpx
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from services.gateway.app import ROUTES
from services.gateway.state import BASE


@cache
def _routes() -> tuple[tuple[str, re.Pattern[str], dict[int | str, Any]], ...]:
    return tuple(
        (method, route.path_regex, route.responses)
        for module in ROUTES
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    )


def promised(answer: httpx.Response) -> Any:
    """The JSON of an answer, once it is seen to be of the type that its route promises.

    A field that the type does not know is as wrong as one that is missing.
    """
    assert answer.is_success, answer.text
    path = answer.request.url.path.removeprefix(BASE)
    for method, pattern, responses in _routes():
        if method == answer.request.method and pattern.match(path):
            told = answer.json()
            adapter = TypeAdapter[Any](responses[answer.status_code]["model"])
            known = adapter.dump_python(adapter.validate_python(told), mode="json")
            assert known == told, f"{method} {path} answers more than it promises: {told}"
            return told
    raise LookupError(path)
