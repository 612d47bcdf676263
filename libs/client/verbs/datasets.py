"""Verbs on datasets."""

import argparse

from rich.console import Console

from libs.client import show
from libs.client.client import Client
from libs.client.show import print_json
from libs.client.verbs.verb import DONE, FAILED, AddVerb, Verb, full_path, progress, show_list


def validate(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Check a dataset and show the findings."""
    with progress(arguments, console, "checking") as on_progress:
        report = client.validate_dataset(
            arguments.path, mode=arguments.mode, on_progress=on_progress
        )
    if arguments.json:
        print_json(report)
    else:
        show.validation(console, report)
    return DONE if report.get("valid") else FAILED


def datasets(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """List the datasets."""
    columns = ("name", "path", "has_train", "has_val", "has_test")
    return show_list(client.datasets(), columns, arguments, console)


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    verb("datasets", "the datasets the system knows")
    _validate_arguments(verb("validate", "check a dataset; exits with 1 if it is not valid"))


def _validate_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "path", metavar="PATH", type=full_path, help="folder, data.yaml, name or s3://bucket/…"
    )
    command.add_argument(
        "--mode", choices=["fast", "full"], default="full", help="full decodes every pixel"
    )


VERBS: dict[str, Verb] = {"validate": validate, "datasets": datasets}
