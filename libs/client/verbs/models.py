"""Verbs on models."""

import argparse

from rich.console import Console

from libs.client import show
from libs.client.client import Client
from libs.client.judgement import WORDS, judgement
from libs.client.show import print_json
from libs.client.verbs.verb import DONE, FAILED, AddVerb, Verb, full_path, progress, show_list


def evaluate(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Judge a model and show the numbers; a script can stop at a model that is too weak."""
    with progress(arguments, console, "judging") as on_progress:
        given = arguments.predictions
        answer = client.validate_model(
            None if given else arguments.model,
            arguments.dataset,
            predictions_path=arguments.model if given else None,
            split=arguments.split,
            confidence_threshold=arguments.confidence,
            iou_threshold=arguments.iou,
            match_iou=arguments.match_iou,
            imgsz=arguments.imgsz,
            on_progress=on_progress,
        )
    if arguments.json:
        print_json(answer)
    else:
        judgement(console, answer, arguments.lang)
    return FAILED if answer["map50"] < arguments.min_map50 else DONE


def visualize(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Draw a model's pictures."""
    with progress(arguments, console, "drawing") as on_progress:
        given = {"test_dataset_path": arguments.dataset} if arguments.dataset else {}
        answer = client.visualize_model(arguments.model, on_progress=on_progress, **given)
    if arguments.json:
        print_json(answer)
    else:
        pictures = answer.get("artifacts") or []
        show.rows(console, pictures, ("name", "size_bytes", "url"), "nothing could be drawn")
    return DONE


def models(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """List the models."""
    columns = ("name", "project", "created_at", "size", "path")
    return show_list(client.models(), columns, arguments, console)


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    verb("models", "the models that can be used")
    _evaluate_arguments(verb("evaluate", "judge a model on labelled images"))
    visualize = verb("visualize", "draw a model's curves and matrices")
    visualize.add_argument("model", metavar="MODEL", type=full_path, help="name, path or artifact")
    visualize.add_argument(
        "--dataset", type=full_path, help="judge on its val split; default: as judged or trained"
    )


def _evaluate_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", metavar="MODEL", type=full_path, help="name, path or artifact")
    command.add_argument(
        "dataset", metavar="DATASET", type=full_path, help="folder, data.yaml or name"
    )
    command.add_argument(
        "--predictions",
        action="store_true",
        help="MODEL is a file of predictions: COCO results, or a folder of YOLO txt",
    )
    command.add_argument("--split", choices=["train", "val", "test"], default="test")
    command.add_argument("--confidence", type=float, default=0.25, help="0 to 1")
    command.add_argument("--iou", type=float, default=0.45, help="of the suppression, 0 to 1")
    command.add_argument(
        "--match-iou", type=float, default=0.5, help="from which a box is right, 0 to 1"
    )
    command.add_argument("--imgsz", type=int, help="pixels; default: as the model was trained")
    command.add_argument(
        "--min-map50", type=float, default=0.0, metavar="X", help="exit with 1 if mAP50 is below"
    )
    command.add_argument("--lang", choices=sorted(WORDS), default="en")


VERBS: dict[str, Verb] = {"evaluate": evaluate, "visualize": visualize, "models": models}
