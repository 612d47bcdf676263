"""The human docs at `/docs`, from files that a package ships: nothing is fetched from elsewhere."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, Response

from libs.common.errors import NotFound

FILES = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")
CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs() -> Response:
    """Every route, to read and to try."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Shirushi",
        swagger_js_url=f"/docs/{FILES[0]}",
        swagger_css_url=f"/docs/{FILES[1]}",
        swagger_favicon_url=f"/docs/{FILES[2]}",
    )
    page.headers["Content-Security-Policy"] = CSP
    return page


@router.get("/docs/{name}")
async def file(name: str) -> Response:
    """One of the page's own files."""
    spec = find_spec("fastapi_offline")
    if name not in FILES or spec is None or spec.origin is None:
        raise NotFound("no such file of the docs", code="no_such_asset")
    return FileResponse(Path(spec.origin).parent / "static" / name)
