"""Verbs on datasets."""

import argparse

from rich.console import Console

from libs.client.client import Client
from libs.client.verbs.verb import AddVerb, Verb, show_list


def datasets(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """List the datasets."""
    columns = ("name", "path", "has_train", "has_val", "has_test")
    return show_list(client.datasets(), columns, arguments, console)


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    verb("datasets", "the datasets the system knows")


VERBS: dict[str, Verb] = {"datasets": datasets}
