"""The diagrams of a report: drawn in other processes, stored with their data, or named."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.analyzer import outputs
from services.analyzer.plots.catalogue import Diagram
from services.analyzer.plots.pool import PENS

log = logging.getLogger(__name__)

OLDER = "the stored report does not hold what it shows: POST /model/validate again"


@dataclass(frozen=True)
class Drawn:
    """Names of files under the folder, and name and reason of each picture that is not there."""

    names: list[str]
    missing: list[dict[str, str]]


async def draw_into(folder: Path, wanted: Iterable[tuple[Diagram, Any, str]]) -> Drawn:
    """Draw diagrams at once, and write `<name>.png` and, with what it shows, `<name>.json`.

    Args:
        folder: is made.
        wanted: diagram, what it is drawn from (or None), and why there is none.
    """
    missing: list[dict[str, str]] = []
    ready: dict[str, tuple[Diagram, Any]] = {}
    for diagram, source, reason in wanted:
        try:
            data = None if source is None else diagram.data(source)
        except (KeyError, TypeError):
            data = None
        if data is None:
            missing.append(_missing(diagram.name, reason if source is None else OLDER))
        else:
            ready[diagram.name] = (diagram, data)
    pictures = await PENS.draw({name: (each.pen, data) for name, (each, data) in ready.items()})
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    names = []
    for name, picture in pictures.items():
        if isinstance(picture, BaseException):
            log.error("a diagram could not be drawn", exc_info=picture, extra={"diagram": name})
            missing.append(_missing(name, "drawing it failed; the analyzer's log says why"))
            continue
        await asyncio.to_thread((folder / f"{name}.png").write_bytes, picture)
        await asyncio.to_thread(outputs.write_json, folder / f"{name}.json", ready[name][1])
        names += [f"{name}.png", f"{name}.json"]
    return Drawn(names, missing)


def _missing(name: str, reason: str) -> dict[str, str]:
    return {"name": f"{name}.png", "reason": reason}
