"""The command `shirushi`: each verb is one call of the client, shown or as JSON.

Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 nobody answers.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

from libs.client import show
from libs.client.client import Client, OnProgress
from libs.client.errors import ApiError, ClientError, Unreachable
from libs.client.options import TRAINING_FIELDS, parser
from libs.client.show import print_json, text
from libs.client.watch import ending, watch

DONE, FAILED, AWAY = 0, 1, 3  # argparse itself exits with 2
_PATIENCE_S = 3.0  # somebody sits in front of it

Verb = Callable[[Client, argparse.Namespace, Console], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parser().parse_args(argv)
    console = Console()
    try:
        with Client(arguments.url, patience_s=_PATIENCE_S) as client:
            return VERBS[arguments.verb](client, arguments, console)
    except ClientError as error:
        return _complain(error, as_json=arguments.json)
    except KeyboardInterrupt:
        return 130  # what a shell reports for Ctrl-C
    except BrokenPipeError:
        sys.stderr.close()  # `shirushi … | head` has seen enough
        return DONE


def _complain(error: ClientError, *, as_json: bool) -> int:
    code = AWAY if isinstance(error, Unreachable) else FAILED
    bad_fields = error.errors if isinstance(error, ApiError) else []
    if as_json:
        print_json({"error": str(error), "errors": bad_fields})
        return code
    complaints = Console(stderr=True, highlight=False)
    complaints.print(str(error), style="red", markup=False)
    for field in bad_fields:
        where = ".".join(str(part) for part in field.get("loc") or [])
        complaints.print(f"  {where}: {field.get('msg')}", markup=False)
    return code


def _status(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    answer = client.status()
    if arguments.json:
        print_json(answer)
    else:
        show.status(console, answer)
    return DONE


def _validate(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    with _progress(arguments, console, "checking") as on_progress:
        report = client.validate_dataset(
            arguments.path, mode=arguments.mode, on_progress=on_progress
        )
    if arguments.json:
        print_json(report)
    else:
        show.validation(console, report)
    return DONE if report.get("valid") else FAILED


def _train(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    fields = {name: getattr(arguments, name) for name in TRAINING_FIELDS}
    request = {name: value for name, value in fields.items() if value is not None}
    started = client.start_training(arguments.dataset, arguments.mode, **request)
    training_id = str(started["training_id"])
    if not arguments.watch:
        if arguments.json:
            print_json(started)
        else:
            console.print(f"training {training_id} is {started['status']}", highlight=False)
        return DONE
    shown_on = Console(stderr=True) if arguments.json else console
    job = watch(client, training_id, shown_on)
    if arguments.json:
        print_json(client.training(training_id))
    else:
        console.print(ending(job), highlight=False)
    return DONE if job.status == "completed" else FAILED


def _cancel(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    answer = client.cancel(arguments.training_id, keep=arguments.keep)
    if arguments.json:
        print_json(answer)
    else:
        console.print(str(answer.get("message") or answer.get("status")), highlight=False)
    return DONE


def _evaluate(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    with _progress(arguments, console, "judging") as on_progress:
        answer = client.validate_model(
            arguments.model,
            arguments.dataset,
            split=arguments.split,
            confidence_threshold=arguments.confidence,
            iou_threshold=arguments.iou,
            on_progress=on_progress,
        )
    if arguments.json:
        print_json(answer)
    else:
        show.metrics(console, answer)
    return DONE


def _visualize(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    with _progress(arguments, console, "drawing") as on_progress:
        answer = client.visualize_model(arguments.model, on_progress=on_progress)
    if arguments.json:
        print_json(answer)
    else:
        pictures = answer.get("artifacts") or []
        show.rows(console, pictures, ("name", "size_bytes", "url"), "nothing could be drawn")
    return DONE


def _datasets(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    columns = ("name", "path", "has_train", "has_val", "has_test")
    return _list(client.datasets(), columns, arguments, console)


def _models(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    columns = ("name", "project", "created_at", "size", "path")
    return _list(client.models(), columns, arguments, console)


def _list(
    entries: list[show.Json],
    columns: tuple[str, ...],
    arguments: argparse.Namespace,
    console: Console,
) -> int:
    if arguments.json:
        print_json(entries)
    else:
        show.rows(console, entries, columns, "none yet")
    return DONE


def _tail(client: Client, arguments: argparse.Namespace, console: Console) -> int:
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


@contextmanager
def _progress(
    arguments: argparse.Namespace, console: Console, doing: str
) -> Iterator[OnProgress | None]:
    """A bar on a terminal; None where nobody would see it."""
    if arguments.json or not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as bars:
        bar = bars.add_task(doing, total=100)
        yield lambda percent: bars.update(bar, completed=percent)


VERBS: dict[str, Verb] = {
    "status": _status,
    "validate": _validate,
    "train": _train,
    "cancel": _cancel,
    "evaluate": _evaluate,
    "visualize": _visualize,
    "datasets": _datasets,
    "models": _models,
    "events": _tail,
}


if __name__ == "__main__":
    sys.exit(main())
