"""Every error that leaves the server: problem details (RFC 9457), never a stack trace."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from libs.common.errors import (
    BadInput,
    Conflict,
    NotFound,
    PermanentError,
    ShirushiError,
    TransientError,
)
from services.gateway.contract import MEDIA_TYPE, methods_at

log = logging.getLogger(__name__)

TITLES = {
    400: "Bad request",
    401: "Not known",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    416: "No such part",
    422: "Not acceptable input",
    429: "Too many",
    500: "Internal error",
    503: "Not available now",
}
STATUSES: tuple[tuple[type[ShirushiError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (BadInput, 422),
    (PermanentError, 422),
    (TransientError, 503),
)

UNROUTED = {
    "Not Found": "nothing is served at this address: /docs lists all that is",
    "Method Not Allowed": "this address does not take this method: /docs lists what it takes",
}
"""Of what no route of ours takes, in place of the framework's words."""

BY_CODE = {"too_large": 413, "queue_full": 429}


def problem(
    status: int,
    detail: str,
    *,
    code: str = "",
    errors: list[dict[str, Any]] | None = None,
    retry_s: int | None = None,
) -> JSONResponse:
    """One problem as a response; `detail` is a sentence that a person can act on."""
    body: dict[str, Any] = {
        "type": f"urn:shirushi:problem:{code or status}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
    }
    if errors is not None:
        body["errors"] = errors
    headers = {}
    if status in {429, 503}:
        headers["Retry-After"] = str(retry_s or 2)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="shirushi"'
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def status_of(error: ShirushiError) -> int:
    """The HTTP status that fits an error of ours."""
    if error.code in BY_CODE:
        return BY_CODE[error.code]
    return next((status for cls, status in STATUSES if isinstance(error, cls)), 500)


def _sentence(error: dict[str, Any]) -> str:
    if error["code"] == "json_invalid":
        return f"the body is no JSON: look at character {error['loc'][-1]}"
    return f"{'.'.join(map(str, error['loc'][1:]))}: {error['msg']}"


def install(app: FastAPI) -> None:
    """Make `app` answer every error as a problem."""

    @app.exception_handler(ShirushiError)
    async def ours(_: Request, error: ShirushiError) -> JSONResponse:
        return problem(status_of(error), error.message, code=error.code)

    @app.exception_handler(RequestValidationError)
    async def fields(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"loc": list(each["loc"]), "msg": each["msg"], "code": each["type"]}
            for each in error.errors()
        ]
        sentences = (_sentence(each) for each in errors)
        return problem(422, "; ".join(sentences), code="bad_field", errors=errors)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        answer = problem(error.status_code, UNROUTED.get(str(error.detail), str(error.detail)))
        if error.status_code == 405:
            answer.headers["Allow"] = ", ".join(methods_at(app, request.url.path))
        return answer

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        log.error("request failed", exc_info=error, extra={"path": request.url.path})
        return problem(500, "the gateway met an error of its own; its log has the details")
