"""Verbs on a stored validation: its report, the boxes behind a number, and their pictures."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from libs.client import show
from libs.client.client import Client
from libs.client.judgement import WORDS, judgement
from libs.client.show import Json, print_json
from libs.client.verbs.verb import DONE, AddVerb, Verb

CAUSES = ("cls", "loc", "both", "dup", "bkg", "miss")
COLUMNS = ("id", "kind", "cause", "class", "true_class", "confidence", "iou", "image", "image_path")


def report(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """The report of a validation; at another confidence or IoU if asked for."""
    found: Json = client.validation(arguments.validation)
    if arguments.confidence is not None or arguments.iou is not None:
        moved = client.panels(arguments.validation, **_point(arguments))
        found = {**found, **_moved(moved)}
    if arguments.json:
        print_json(found)
    elif found.get("status", "completed") != "completed":
        show.pairs(console, {name: found.get(name) for name in ("status", "progress", "errors")})
    else:
        judgement(console, found, arguments.lang)
    return DONE


def matches(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """The boxes behind a number."""
    found = list(client.matches(arguments.validation, **_wanted(arguments)))
    if arguments.json:
        print_json(found)
    else:
        shown = [{**box, "image": str(box["image"])} for box in found]
        show.rows(console, shown, COLUMNS, "no box fits")
    return DONE


def errors(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Save a crop of each box that fits, called by its class and id."""
    found = list(client.matches(arguments.validation, **_wanted(arguments)))
    arguments.out.mkdir(parents=True, exist_ok=True)
    files = []
    for box in found:
        name = "".join(c if c.isalnum() else "_" for c in box["class"])[:60]
        path = arguments.out / f"{name}_{box['cause'] or box['kind']}_{box['id']}.jpg"
        point = {name: value for name, value in _point(arguments).items() if value is not None}
        path.write_bytes(client.crop(arguments.validation, box["id"], **point))
        files.append(str(path))
    if arguments.json:
        print_json(files)
    else:
        console.print(f"{len(files)} crops in {arguments.out}", highlight=False, markup=False)
    return DONE


def _moved(panels: Json) -> Json:
    """The fields of a report that an operating point changes, from the panels at another one."""
    causes = {name: row["count"] for name, row in panels["causes"].items()}
    return {
        "confidence_threshold": panels["confidence"],
        "match_iou": panels["iou"],
        "class_metrics": panels["class_metrics"],
        "error_analysis": {"causes": causes},
        "false_alarms": panels["false_alarms"],
        "uncertainty": None,
        "slices": None,
        "advice": None,
        **panels["headline"],
    }


def _point(arguments: argparse.Namespace) -> dict[str, Any]:
    return {"confidence": arguments.confidence, "iou": arguments.iou}


def _wanted(arguments: argparse.Namespace) -> dict[str, Any]:
    names = ("class_name", "cause", "size", "kind", "image", "limit")
    return _point(arguments) | {name: getattr(arguments, name) for name in names}


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    about = verb("report", "what a validation found: numbers, weak classes, causes, advice")
    _validation(about)
    about.add_argument("--lang", choices=sorted(WORDS), default="en")
    listed = verb("matches", "the boxes behind a number of a validation")
    _validation(listed)
    _filters(listed, limit=50)
    saved = verb("errors", "save crops of the boxes behind a number of a validation")
    _validation(saved)
    _filters(saved, limit=100)
    saved.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for them")


def _validation(command: argparse.ArgumentParser) -> None:
    command.add_argument("validation", metavar="ID", help="of a validation")
    command.add_argument("--confidence", type=float, help="default: as it was judged")
    command.add_argument("--iou", type=float, help="from which a box is right; default: as judged")


def _filters(command: argparse.ArgumentParser, *, limit: int) -> None:
    command.add_argument("--class", dest="class_name", metavar="NAME")
    command.add_argument("--cause", choices=CAUSES)
    command.add_argument("--kind", choices=["tp", "fp", "fn"])
    command.add_argument("--size", choices=["small", "medium", "large"])
    command.add_argument("--image", type=int, help="number of the image, from 0")
    command.add_argument("--limit", type=int, default=limit, help=f"default {limit}")


VERBS: dict[str, Verb] = {"report": report, "matches": matches, "errors": errors}
"""What this area adds to the command line."""
