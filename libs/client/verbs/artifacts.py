"""The verb `artifacts`: what a training made, listed or brought here."""

import argparse
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from rich.console import Console

from libs.client.client import Client
from libs.client.errors import ClientError
from libs.client.show import Json, print_json
from libs.client.verbs.verb import DONE, AddVerb, Verb, show_list


def artifacts(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """List the files of a completed training, or write them to a folder; each is checked."""
    found = [
        each
        for each in client.artifacts(arguments.training_id)
        if not arguments.names or any(fnmatchcase(each["name"], name) for name in arguments.names)
    ]
    if arguments.to is None:
        return show_list(found, ("name", "size", "sha256"), arguments, console)
    if not found:
        raise ClientError("nothing has such a name: leave the names out to see what there is")
    written = [_bring(client, each, arguments.to) for each in found]
    if arguments.json:
        print_json([str(path) for path in written])
    else:
        for path in written:
            console.print(str(path), markup=False, highlight=False, soft_wrap=True)
    return DONE


def _bring(client: Client, artifact: Json, folder: Path) -> Path:
    """Download one file under its name, which never leads out of the folder."""
    name = PurePosixPath(artifact["name"])
    if name.is_absolute() or ".." in name.parts:
        raise ClientError(f"{artifact['name']!r} is no name of a file")
    return client.download(artifact["key"], folder / name, sha256=artifact["sha256"])


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    command = verb("artifacts", "what a training made: weights, curves, tables")
    command.add_argument("training_id", metavar="ID")
    command.add_argument("names", metavar="NAME", nargs="*", help="e.g. 'weights/*.safetensors'")
    command.add_argument("--to", type=Path, metavar="FOLDER", help="write them there")


VERBS: dict[str, Verb] = {"artifacts": artifacts}
