"""The words of the command line: verbs, their arguments, and what each means."""

import argparse
from pathlib import Path

from libs.client import __doc__ as about

TRAINING_FIELDS = (
    "model_architecture",
    "base_model_path",
    "epochs",
    "batch_size",
    "learning_rate",
    "imgsz",
    "optimizer",
    "patience",
    "freeze",
    "device",
    "seed",
    "project_name",
    "experiment_name",
    "priority",
)
"""Options of `train` that go into the request; those not given are left to the server."""

_INTEGERS = frozenset({"epochs", "batch_size", "imgsz", "patience", "freeze", "seed"})
_CHOICES = {
    "model_architecture": [f"yolov8{size}" for size in "nsmlx"],
    "priority": ["low", "normal", "high"],
}


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--url", help="gateway; default: SHIRUSHI_URL, else the stack of SHIRUSHI_HOME"
    )
    common.add_argument("--json", action="store_true", help="print the answer as JSON")
    whole = argparse.ArgumentParser(
        prog="shirushi",
        description=about,
        epilog="Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 nobody answers.",
    )
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="COMMAND")

    def verb(name: str, what: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, parents=[common], help=what, description=what)

    verb("status", "the machine, the services, the queue")
    verb("datasets", "the datasets the system knows")
    verb("models", "the models that can be used")
    _validate(verb("validate", "check a dataset; exits with 1 if it is not valid"))
    _train(verb("train", "start a training"))
    _cancel(verb("cancel", "stop a training"))
    _evaluate(verb("evaluate", "judge a model on labelled images"))
    visualize = verb("visualize", "draw a model's curves and matrices")
    visualize.add_argument("model", metavar="MODEL", type=full_path, help="name, path or artifact")
    events = verb("events", "the log of everything that happens")
    _events(events)
    return whole


def full_path(word: str) -> str:
    """A file or folder that is here, in full; any other word is a name the server knows."""
    here = Path(word).expanduser()
    return str(here.resolve()) if here.exists() else word


def _validate(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "path", metavar="PATH", type=full_path, help="folder, data.yaml, name or s3://bucket/…"
    )
    command.add_argument(
        "--mode", choices=["fast", "full"], default="full", help="full decodes every pixel"
    )


def _train(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "dataset", metavar="DATASET", type=full_path, help="folder, data.yaml or name"
    )
    command.add_argument(
        "--mode", choices=["full", "transfer", "continue", "resume"], default="full"
    )
    command.add_argument("--watch", action="store_true", help="show it until it ends")
    for name in TRAINING_FIELDS:
        kind = int if name in _INTEGERS else float if name == "learning_rate" else str
        flag = f"--{name.replace('_', '-')}"
        command.add_argument(flag, dest=name, type=kind, choices=_CHOICES.get(name))


def _cancel(command: argparse.ArgumentParser) -> None:
    command.add_argument("training_id", metavar="ID")
    command.add_argument("--keep", action="store_true", help="finish now and keep the weights")


def _evaluate(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", metavar="MODEL", type=full_path, help="name, path or artifact")
    command.add_argument(
        "dataset", metavar="DATASET", type=full_path, help="folder, data.yaml or name"
    )
    command.add_argument("--split", choices=["train", "val", "test"], default="test")
    command.add_argument("--confidence", type=float, default=0.25, help="0 to 1")
    command.add_argument("--iou", type=float, default=0.45, help="of the suppression, 0 to 1")


def _events(command: argparse.ArgumentParser) -> None:
    command.add_argument("action", choices=["tail"], help="history past --after, then live")
    command.add_argument("--after", type=int, default=0, metavar="N", help="last one already seen")
    command.add_argument("--limit", type=int, default=0, metavar="N", help="stop after N; 0: never")
    command.add_argument(
        "--topics",
        type=lambda patterns: tuple(patterns.split(",")),
        default=(),
        help="comma-separated, e.g. 'training.>,dataset.>'",
    )
