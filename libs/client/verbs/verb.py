"""What all verbs share: their shape, their exit codes, a bar, a list."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from libs.client import show
from libs.client.calls.calls import OnProgress
from libs.client.client import Client
from libs.client.show import print_json

DONE, FAILED, AWAY = 0, 1, 3  # argparse itself exits with 2

AddVerb = Callable[[str, str], argparse.ArgumentParser]
"""Makes the parser of a verb, from its name and what it does."""

Verb = Callable[[Client, argparse.Namespace, Console], int]


def show_list(
    entries: Sequence[show.Json],
    columns: tuple[str, ...],
    arguments: argparse.Namespace,
    console: Console,
) -> int:
    """Entries as a table, or as JSON."""
    if arguments.json:
        print_json(entries)
    else:
        show.rows(console, entries, columns, "none yet")
    return DONE


@contextmanager
def progress(
    arguments: argparse.Namespace, console: Console, doing: str
) -> Iterator[OnProgress | None]:
    """A bar on a terminal; None where nobody would see it."""
    if arguments.json or not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as bars:
        bar = bars.add_task(doing, total=100)
        yield lambda percent: bars.update(bar, completed=percent)


def full_path(word: str) -> str:
    """A file or folder that is here, in full; any other word is a name the server knows."""
    here = Path(word).expanduser()
    return str(here.resolve()) if here.exists() else word
