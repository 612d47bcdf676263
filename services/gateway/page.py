"""The page `/ui/ml`: built files, compressed once, cached by their hash."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from libs.common.errors import NotFound

FOREVER = "public, max-age=31536000, immutable"


def router(folder: Path) -> APIRouter:
    """Routes that serve `folder`, as Vite built it."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def home() -> RedirectResponse:
        return RedirectResponse("/ui/ml")

    @routes.get("/ui/ml/assets/{name}")
    async def asset(name: str, request: Request) -> Response:
        path = folder / "assets" / Path(name).name
        if not path.is_file():
            raise NotFound("no such file of the page", code="no_such_asset")
        packed = path.with_name(f"{path.name}.gz")
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        if packed.is_file() and "gzip" in request.headers.get("accept-encoding", ""):
            kind = FileResponse(path).media_type
            headers["Content-Encoding"] = "gzip"
            return FileResponse(packed, headers=headers, media_type=kind)
        return FileResponse(path, headers=headers)

    @routes.get("/ui/ml")
    @routes.get("/ui/ml/{rest:path}")
    async def page(rest: str = "") -> Response:  # noqa: ARG001 -- client-side routes
        index = folder / "index.html"
        if not index.is_file():
            raise NotFound("the page is not built: run `make setup`", code="no_page")
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    return routes
