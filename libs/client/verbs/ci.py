"""The verb `ci check`: let a model through a pipeline, or stop it."""

import argparse
import os
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from libs.client import show
from libs.client.client import Client
from libs.client.errors import ClientError
from libs.client.reports.bounds import Verdict, bound, checked, markdown
from libs.client.show import Json, print_json
from libs.client.verbs.verb import DONE, FAILED, AddVerb, Verb, full_path, progress


def check(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Judge a model; exits with 1 where a bound does not hold, or it is worse than `--against`."""
    with progress(arguments, console, "judging") as on_progress:
        report = client.validate_model(
            arguments.model, arguments.dataset, split=arguments.split, on_progress=on_progress
        )
    verdicts = checked(report, arguments.require, sure=arguments.sure)
    against = _against(client, arguments, report) if arguments.against else None
    passed = all(each.held for each in verdicts) and against != "worse"
    _summarize(arguments.model, verdicts, against)
    if arguments.json:
        print_json(
            {
                "passed": passed,
                "validation_id": report["validation_id"],
                "bounds": [asdict(each) for each in verdicts],
                "against": against,
            }
        )
    else:
        rows: list[Json] = [
            {"bound": str(each.bound), "measured": each.value, "held": each.held}
            for each in verdicts
        ]
        if against:
            rows.append({"bound": f"not worse than {arguments.against}", "held": against})
        show.rows(console, rows, ("bound", "measured", "held"), "nothing was required")
        console.print("passed" if passed else "stopped", style="green" if passed else "red")
    return DONE if passed else FAILED


def _against(client: Client, arguments: argparse.Namespace, report: Json) -> str:
    """`better`, `worse` or `cannot_tell`, of the model against the one that is in use."""
    former = client.validate_model(arguments.against, arguments.dataset, split=arguments.split)
    compared = client.compare_validations(former["validation_id"], [report["validation_id"]])
    return str(compared["candidates"][0]["verdict"])


def _summarize(model: str, verdicts: list[Verdict], against: str | None) -> None:
    """Where the code host shows what a job says (GITHUB_STEP_SUMMARY; Gitea has it too)."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    text = markdown(f"Shirushi: {Path(model).name}", verdicts)
    if against:
        held = "**no**" if against == "worse" else "yes"
        text += f"\n| not worse than the former model | {against} | {held} |"
    try:
        with Path(file).open("a", encoding="utf-8") as summary:
            summary.write(text + "\n")
    except OSError as error:
        raise ClientError(f"{file} cannot be written: {error.strerror}.") from error


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    whole = verb("ci", "let a model through a pipeline, or stop it")
    whole.add_argument("what", choices=["check"], help="check: judge it, hold it to bounds")
    whole.add_argument("model", metavar="MODEL", type=full_path, help="name, path or artifact")
    whole.add_argument(
        "dataset", metavar="DATASET", type=full_path, help="folder, data.yaml or name"
    )
    whole.add_argument(
        "--require",
        action="append",
        default=[],
        type=_bound,
        metavar="BOUND",
        help="e.g. 'map50>=0.85' or 'false_alarms_per_1000<=10'; may be given again",
    )
    whole.add_argument(
        "--sure", action="store_true", help="the worse end of the 95%% interval must hold too"
    )
    whole.add_argument(
        "--against", type=full_path, metavar="MODEL", help="stop where it is worse than this one"
    )
    whole.add_argument("--split", choices=["train", "val", "test"], default="test")


def _bound(text: str) -> object:
    try:
        return bound(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


VERBS: dict[str, Verb] = {"ci": check}
