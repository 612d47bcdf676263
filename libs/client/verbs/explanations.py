"""The verb `explain`."""

import argparse

from rich.console import Console

from libs.client import show
from libs.client.client import Client
from libs.client.show import print_json
from libs.client.verbs.verb import DONE, AddVerb, Verb, full_path, progress


def explain(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Say how much of a detection comes from inside its box, and where the picture is."""
    names = ("method", "class_name", "imgsz", "masks")
    options = {name: getattr(arguments, name) for name in names}
    options = {name: value for name, value in options.items() if value is not None}
    with progress(arguments, console, "explaining") as on_progress:
        if arguments.validation:
            answer = client.explain_detection(
                arguments.subject, arguments.what, on_progress=on_progress, **options
            )
        else:
            answer = client.explain_image(
                arguments.subject, full_path(arguments.what), on_progress=on_progress, **options
            )
    if arguments.json:
        print_json(answer)
    else:
        told = {name: answer[name] for name in ("class", "score", "method", "meaning")}
        share = f"{answer['energy_inside']:.0%} on {answer['area_share']:.1%} of the image"
        place = answer["artifacts"]["overlay.png"]["path"]
        told |= {"heat inside the box": share, "picture": place}
        show.pairs(console, told)
    return DONE


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    command = verb("explain", "what in the image made the model say so")
    command.add_argument("subject", metavar="MODEL", type=full_path, help="or validation, with -v")
    command.add_argument("what", metavar="IMAGE", help="or id of a box, with -v")
    command.add_argument(
        "-v", "--validation", action="store_true", help="explain a box of a validation"
    )
    command.add_argument("--method", choices=["hirescam", "layercam", "drise"])
    command.add_argument("--class", dest="class_name", help="default: of the surest box")
    command.add_argument("--imgsz", type=int, help="default: as trained")
    command.add_argument("--masks", type=int, help="of drise; default 300")


VERBS: dict[str, Verb] = {"explain": explain}
