"""Verbs on the whole system."""

import argparse
import json

from rich.console import Console

from libs.client import show
from libs.client.client import Client
from libs.client.completion import script
from libs.client.show import print_json, text
from libs.client.verbs.verb import DONE, AddVerb, Verb


def status(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """The state of the whole system."""
    answer = client.status()
    if arguments.json:
        print_json(answer)
    else:
        show.status(console, answer)
    return DONE


def tail(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """The log, then what comes."""
    for count, frame in enumerate(client.events(arguments.after, arguments.topics), start=1):
        if arguments.json:
            print_json(json.loads(frame.raw))
        else:
            console.print(
                f"{text(frame.seq):>6} {text(frame.time)} {frame.type} {frame.subject}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
        if count == arguments.limit:
            break
    return DONE


def complete(_: Client, arguments: argparse.Namespace, __: Console) -> int:
    """What a shell reads to complete words."""
    from libs.client.options import parser  # noqa: PLC0415 - it imports this file

    written = script(arguments.shell, parser())
    if arguments.json:
        print_json({"shell": arguments.shell, "script": written})
    else:
        print(written, end="")
    return DONE


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    completion = verb(
        "completion", 'let a shell complete words: eval "$(shirushi completion bash)"'
    )
    completion.add_argument("shell", choices=["bash", "zsh", "fish"])
    verb("status", "the machine, the services, the queue")
    _events_arguments(verb("events", "the log of everything that happens"))


def _events_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("action", choices=["tail"], help="history past --after, then live")
    command.add_argument("--after", type=int, default=0, metavar="N", help="last one already seen")
    command.add_argument("--limit", type=int, default=0, metavar="N", help="stop after N; 0: never")
    command.add_argument(
        "--topics",
        type=lambda patterns: tuple(patterns.split(",")),
        default=(),
        help="comma-separated, e.g. 'training.>,dataset.>'",
    )


VERBS: dict[str, Verb] = {"status": status, "events": tail, "completion": complete}
