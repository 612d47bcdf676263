"""Verbs on trainings."""

import argparse
import json
import time
from typing import Any

from rich.console import Console

from libs.client.client import Client
from libs.client.screen import Screen
from libs.client.show import print_json
from libs.client.verbs.verb import DONE, FAILED, AddVerb, Verb, full_path
from libs.client.watch import ending, watch

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
    "sample_period",
    "device",
    "seed",
    "project_name",
    "experiment_name",
    "priority",
)
"""Options of `train` that go into the request; those not given are left to the server."""

_INTEGERS = frozenset(
    {"epochs", "batch_size", "imgsz", "patience", "freeze", "sample_period", "seed"}
)
_CHOICES = {
    "model_architecture": [f"yolov8{size}" for size in "nsmlx"],
    "priority": ["low", "normal", "high"],
}


CONTROLS = {
    "pause": "free a training's place; its checkpoint is kept",
    "resume": "let a paused training go on",
    "extend": "go on past the end of a completed training, as a new run",
    "retry": "do a training again, as a new run",
}
ENDED = ("completed", "failed", "cancelled")
FOLLOW_S = 0.5


def train(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Start a training, and watch it if asked to."""
    fields = {name: getattr(arguments, name) for name in TRAINING_FIELDS}
    request = {name: value for name, value in fields.items() if value is not None}
    for (group, name), value in arguments.more:
        (request.setdefault(group, {}) if group else request)[name] = value
    started = client.start_training(arguments.dataset, arguments.mode, **request)
    training_id = str(started["training_id"])
    if not arguments.watch:
        if arguments.json:
            print_json(started)
        else:
            console.print(f"training {training_id} is {started['status']}", highlight=False)
        return DONE
    shown_on = Screen(stderr=True) if arguments.json else console
    job = watch(client, training_id, shown_on)
    if arguments.json:
        print_json(client.training(training_id))
    else:
        console.print(ending(job), highlight=False)
    return DONE if job.status == "completed" else FAILED


def cancel(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Stop a training."""
    answer = client.cancel(arguments.training_id, keep=arguments.keep)
    if arguments.json:
        print_json(answer)
    else:
        console.print(str(answer.get("message") or answer.get("status")), highlight=False)
    return DONE


def control(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Pause, resume, extend or repeat a training."""
    if arguments.verb == "extend":
        answer = client.extend(arguments.training_id, arguments.epochs)
    else:
        ask = {"pause": client.pause, "resume": client.resume, "retry": client.retry}
        answer = ask[arguments.verb](arguments.training_id)
    if arguments.json:
        print_json(answer)
    else:
        console.print(f"{answer['message']} ({answer['training_id']})", highlight=False)
    return DONE


def logs(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """What a training printed, and with --follow what it prints until it ends."""
    after = 0
    while True:
        ended = client.training(arguments.training_id)["status"] in ENDED
        lines = client.logs(arguments.training_id, after)
        for line in lines:
            if arguments.json:
                print_json(line)
            else:
                console.print(line["text"], markup=False, highlight=False, soft_wrap=True)
            after = line["line"]
        if ended or not arguments.follow:
            return DONE
        if not lines:
            time.sleep(FOLLOW_S)


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    _train_arguments(verb("train", "start a training"))
    _cancel_arguments(verb("cancel", "stop a training"))
    for name, what in CONTROLS.items():
        command = verb(name, what)
        command.add_argument("training_id", metavar="ID")
        if name == "extend":
            command.add_argument("epochs", metavar="EPOCHS", type=int, help="how many more")
    shown = verb("logs", "what a training printed")
    shown.add_argument("training_id", metavar="ID")
    shown.add_argument("--follow", action="store_true", help="until it ends")


def _train_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "dataset", metavar="DATASET", type=full_path, help="folder, data.yaml or name"
    )
    command.add_argument(
        "--mode", choices=["full", "transfer", "continue", "resume"], default="full"
    )
    command.add_argument("--watch", action="store_true", help="show it until it ends")
    command.add_argument(
        "--set",
        dest="more",
        action="append",
        type=_setting,
        default=[],
        metavar="NAME=VALUE",
        help="any other field: --set workers=4 --set augmentation_params.mosaic=0.5",
    )
    for name in TRAINING_FIELDS:
        kind = int if name in _INTEGERS else float if name == "learning_rate" else str
        flag = f"--{name.replace('_', '-')}"
        command.add_argument(flag, dest=name, type=kind, choices=_CHOICES.get(name))


def _setting(text: str) -> tuple[tuple[str, str], Any]:
    """`name=value` or `group.name=value`; the value as JSON, else as text."""
    path, equals, value = text.partition("=")
    group, _, name = path.rpartition(".")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE")
    try:
        return (group, name), json.loads(value)
    except json.JSONDecodeError:
        return (group, name), value


def _cancel_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("training_id", metavar="ID")
    command.add_argument("--keep", action="store_true", help="finish now and keep the weights")


VERBS: dict[str, Verb] = {
    "train": train,
    "cancel": cancel,
    "logs": logs,
    **dict.fromkeys(CONTROLS, control),
}
