"""Verbs that compare models."""

import argparse

from rich.console import Console
from rich.markup import escape

from libs.client import show
from libs.client.client import Client
from libs.client.show import Json, print_json, text
from libs.client.verbs.verb import DONE, FAILED, AddVerb, Verb, full_path, progress

METRICS = {
    "map50_95": "mAP50-95",
    "map50": "mAP50",
    "precision": "precision",
    "recall": "recall",
    "f1_score": "F1",
    "accuracy": "accuracy",
    "false_alarms_per_1000": "false alarms per 1,000 clean images",
}
CLASSES_SHOWN = 20
COLOURS = {"better": "green", "worse": "red", "cannot_tell": "yellow"}


def compare(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Compare two models or validations; a script can stop at `worse`."""
    options = {
        name: value
        for name in ("split", "imgsz", "confidence_threshold", "resamples", "seed")
        if (value := getattr(arguments, name)) is not None
    }
    with progress(arguments, console, "comparing") as on_progress:
        if arguments.dataset:
            names = [full_path(each) for each in (arguments.base, arguments.candidate)]
            answer = client.compare_models(
                names, arguments.dataset, on_progress=on_progress, **options
            )
        else:
            answer = client.compare_validations(
                arguments.base, [arguments.candidate], on_progress=on_progress, **options
            )
    if arguments.json:
        print_json(answer)
    else:
        _show(console, answer)
    verdicts = [each["verdict"] for each in answer["candidates"]]
    return FAILED if "worse" in verdicts else DONE


def _show(console: Console, answer: Json) -> None:
    """Verdict in words, numbers with intervals, classes, boxes, settings that differ."""
    [found] = answer["candidates"]
    verdict = found["verdict"]
    head = f"[{COLOURS[verdict]} bold]{verdict.replace('_', ' ')}[/]"
    console.print(f"{head}  {escape(found['sentence']['en'])}", highlight=False)
    rows = [
        {"": name, "base": row["base"], "candidate": row["candidate"], "difference": _interval(row)}
        for key, name in METRICS.items()
        if (row := found["metrics"].get(key))
    ]
    show.rows(console, rows, ("", "base", "candidate", "difference"), "no number is defined")
    classes = [
        {
            "class": row["class"],
            "labels": row["support"],
            "AP50-95": _interval(row["ap50_95"]) if row["ap50_95"] else None,
            "fixed": row["boxes"]["fixed"],
            "broken": row["boxes"]["broken"],
            "outcome": row["outcome"].replace("_", " "),
        }
        for row in found["per_class"][:CLASSES_SHOWN]
    ]
    columns = ("class", "labels", "AP50-95", "fixed", "broken", "outcome")
    show.rows(console, classes, columns, "no class has labels")
    if (more := len(found["per_class"]) - CLASSES_SHOWN) > 0:
        console.print(f"… and {more} more classes; --json shows all", highlight=False)
    for what, counts in found["boxes"].items():
        told = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in counts.items())
        console.print(f"{what.replace('_', ' ')}: {told}", highlight=False)
    for row in found["settings_that_differ"]:
        line = f"{row['name']}: {text(row['base'])} → {text(row['candidate'])}"
        console.print(line, style="dim", highlight=False, markup=False)
    for note in answer["notes"]:
        console.print(note, style="yellow", highlight=False, markup=False)
    console.print(
        f"{answer['images']} images, {answer['labels']} labels, {answer['resamples']} resamples; "
        f"comparison {answer['comparison_id']}",
        style="dim",
        highlight=False,
    )


def _interval(row: Json) -> str:
    return f"{row['delta']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    command = verb("compare", "is B better than A? exits with 1 if it is worse")
    command.add_argument("base", metavar="A", help="validation, or model with --dataset")
    command.add_argument("candidate", metavar="B", help="as A")
    command.add_argument(
        "--dataset", type=full_path, help="judge the models A and B on it, where needed"
    )
    command.add_argument("--split", choices=["train", "val", "test"])
    command.add_argument("--imgsz", type=int, help="with --dataset; default: as trained")
    command.add_argument(
        "--confidence", type=float, dest="confidence_threshold", help="default: as judged"
    )
    command.add_argument("--resamples", type=int, help="100 to 10,000; default 1,000")
    command.add_argument("--seed", type=int, help="of the resamples; default 0")


VERBS: dict[str, Verb] = {"compare": compare}
