"""The verb `dataset`: versions of datasets, and everything that makes one."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from libs.client import show
from libs.client.client import Client
from libs.client.show import Json, print_json
from libs.client.verbs.verb import DONE, FAILED, AddVerb, Verb, full_path, progress, show_list

_FILES_SHOWN = 12
_FORMATS = ["auto", "yolo", "yolo_polygons", "coco", "voc", "darknet"]


def dataset(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Do what the second word says."""
    return _WORDS[arguments.word](client, arguments, console)


def _versions(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    versions = client.dataset_versions(arguments.name)
    shown: list[Json] = [
        {**each, "counts": _numbers(each["counts"]), "changes": _numbers(each["changes"])}
        for each in versions
    ]
    columns = ("version", "parent", "operation", "created_at", "counts", "changes")
    return show_list(versions if arguments.json else shown, columns, arguments, console)


def _numbers(found: Json | None) -> str:
    """Names with their numbers; those that are 0 say nothing."""
    told = (f"{name.replace('_', ' ')} {value}" for name, value in (found or {}).items() if value)
    return ", ".join(told)


def _diff(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    page = {"offset": arguments.offset, "limit": arguments.limit}
    answer = client.dataset_diff(arguments.name, arguments.older, arguments.newer, **page)
    if arguments.json:
        print_json(answer)
    else:
        _show_diff(console, answer, len(answer["changed"]))
    return DONE


def _import(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    options = {"format": arguments.format, "dry_run": arguments.dry_run}
    if str(arguments.source).endswith(".zip") and arguments.dry_run and _is_here(arguments.source):
        console.print("a ZIP has to be sent to be read: leave --dry-run out", style="red")
        return FAILED
    return _made(
        arguments,
        console,
        lambda told: client.import_dataset(
            arguments.source, arguments.name, on_progress=told, **options
        ),
    )


def _is_here(path: str) -> bool:
    return Path(path).is_file()


def _fix(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    return _made(
        arguments,
        console,
        lambda told: client.fix_dataset(
            arguments.validation_id, arguments.rule, on_progress=told, **_options(arguments)
        ),
    )


def _split(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    names = ("train_ratio", "val_ratio", "test_ratio", "seed")
    wanted = {name: getattr(arguments, name) for name in names}
    options = {name: value for name, value in wanted.items() if value is not None}
    options |= {**_options(arguments), "group": not arguments.no_groups}
    return _made(
        arguments,
        console,
        lambda told: client.split_dataset(arguments.dataset, on_progress=told, **options),
    )


def _edit(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    text = sys.stdin.read() if arguments.steps == "-" else _text(arguments.steps)
    try:
        steps = json.loads(text)
    except ValueError as error:
        console.print(f"the steps are no JSON: {error}", style="red", markup=False)
        return FAILED
    steps = steps if isinstance(steps, list) else [steps]
    return _made(
        arguments,
        console,
        lambda told: client.edit_dataset(
            arguments.dataset, steps, on_progress=told, **_options(arguments)
        ),
    )


def _text(word: str) -> str:
    """JSON as it is, or out of a file."""
    return word if word.lstrip()[:1] in ("[", "{") else Path(word).read_text(encoding="utf-8")


def _restore(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    dry_run = {"dry_run": arguments.dry_run}
    return _made(
        arguments,
        console,
        lambda told: client.restore_dataset(
            arguments.name, arguments.version, on_progress=told, **dry_run
        ),
    )


def _delete(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    if not arguments.yes:
        console.print(f"this deletes every version of {arguments.name}: say --yes", style="red")
        return FAILED
    return _told(client.delete_dataset(arguments.name), arguments, console, "deleted")


def _collect(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    if not arguments.yes:
        console.print("collecting removes bytes for good: say --yes", style="red")
        return FAILED
    with progress(arguments, console, "collecting") as told:
        answer = client.collect_dataset(arguments.name, on_progress=told)
    freed = f"{answer['files']} files, {answer['size_bytes']} bytes removed"
    return _told(answer, arguments, console, freed)


def _told(answer: Json, arguments: argparse.Namespace, console: Console, sentence: str) -> int:
    if arguments.json:
        print_json(answer)
    else:
        console.print(sentence, highlight=False)
    return DONE


def _options(arguments: argparse.Namespace) -> Json:
    options = {"dry_run": arguments.dry_run, "allow_older": arguments.allow_older}
    return options | ({"name": arguments.name} if arguments.name else {})


def _made(arguments: argparse.Namespace, console: Console, work: Callable[[Any], Json]) -> int:
    """Do the work under a bar, and show the version or the preview that comes of it."""
    with progress(arguments, console, arguments.word) as told:
        answer = work(told)
    if arguments.json:
        print_json(answer)
        return DONE
    if answer.get("dry_run"):
        console.print(f"{answer['name']} would change; nothing was", highlight=False)
    else:
        parent = f", made from {answer['parent']}" if answer.get("parent") else ""
        console.print(f"{answer['name']}@{answer['version']}{parent}", highlight=False)
    is_new = not answer.get("parent")  # then every file is: the numbers say enough
    _show_diff(console, answer.get("diff") or {}, 0 if is_new else _FILES_SHOWN)
    return DONE


def _show_diff(console: Console, diff: Json, most: int) -> None:
    for name in ("changes", "images", "labels", "boxes", "lost"):
        if told := _numbers(diff.get(name)):
            console.print(f"  {name}: {told}", highlight=False, markup=False)
    for each in diff.get("unfixed") or []:
        console.print(f"  not mended: {each['rule']}: {each['why']}", markup=False, highlight=False)
    rows = [
        {
            "image": each["image"],
            "what": each["kinds"],
            "boxes": " ".join(
                f"{sign}{each.get('boxes', {}).get(kind, 0)}"
                for sign, kind in (("+", "added"), ("-", "removed"), ("~", "changed"))
            ),
        }
        for each in (diff.get("changed") or [])[:most]
    ]
    if rows:
        show.rows(console, rows, ("image", "what", "boxes"), "nothing differs")
    total = diff.get("changed_total", len(rows))
    if total > len(rows) > 0:
        console.print(f"… {total} files in all; --json shows more", highlight=False)


def add_arguments(verb: AddVerb) -> None:
    """The verb and its second words."""
    whole = verb("dataset", "versions of datasets: import, fix, edit, split, restore, compare")
    words = whole.add_subparsers(dest="word", required=True, metavar="WHAT")

    def word(name: str, what: str) -> argparse.ArgumentParser:
        command = words.add_parser(name, help=what, description=what)
        command.add_argument("--url", default=argparse.SUPPRESS, help="gateway")
        command.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON"
        )
        return command

    _import_arguments(word("import", "register a folder, a ZIP or a bucket's prefix as a version"))
    word("versions", "all versions of a dataset").add_argument("name", metavar="NAME")
    diff = word("diff", "what differs between two versions")
    for name, shown in (("name", "NAME"), ("older", "FROM"), ("newer", "TO")):
        diff.add_argument(name, metavar=shown)
    diff.add_argument("--offset", type=int, default=0)
    diff.add_argument("--limit", type=int, default=20)
    fix = word("fix", "mend what a check found, as a new version")
    fix.add_argument("validation_id", metavar="VALIDATION_ID")
    fix.add_argument("--rule", action="append", help="only this rule; may be given many times")
    _edit_options(fix)
    _split_arguments(word("split", "deal images out to train, val and test anew"))
    edit = word("edit", "apply steps, given as JSON, as one new version")
    edit.add_argument("dataset", metavar="DATASET", type=full_path)
    edit.add_argument("steps", metavar="STEPS", help="JSON, a file that holds it, or - for stdin")
    _edit_options(edit)
    restore = word("restore", "an earlier version again, as the newest")
    restore.add_argument("name", metavar="NAME")
    restore.add_argument("version", metavar="VERSION")
    restore.add_argument("--dry-run", action="store_true", help="only tell what would change")
    for name, what in (
        ("delete", "end a dataset; its versions can be restored until they are collected"),
        ("collect", "remove for good what no version of a live dataset holds"),
    ):
        command = word(name, what)
        command.add_argument("name", metavar="NAME")
        command.add_argument("--yes", action="store_true", help="really do it")


def _import_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "source", metavar="SOURCE", type=full_path, help="folder, ZIP of this machine, s3://…"
    )
    command.add_argument("name", metavar="NAME", help="of the dataset that gets a version")
    command.add_argument("--format", choices=_FORMATS, default="auto")
    command.add_argument("--dry-run", action="store_true", help="only tell what would come in")


def _split_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("dataset", metavar="DATASET", type=full_path)
    for name in ("train", "val", "test"):
        command.add_argument(f"--{name}", dest=f"{name}_ratio", type=float, metavar="SHARE")
    command.add_argument("--seed", type=int)
    command.add_argument(
        "--no-groups", action="store_true", help="let duplicates and frames of a video cross"
    )
    _edit_options(command)


def _edit_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dry-run", action="store_true", help="only tell what would change")
    command.add_argument("--name", help="of the dataset that the version belongs to")
    command.add_argument(
        "--allow-older", action="store_true", help="go on from a version that is not the newest"
    )


_WORDS: dict[str, Verb] = {
    "import": _import,
    "versions": _versions,
    "diff": _diff,
    "fix": _fix,
    "split": _split,
    "edit": _edit,
    "restore": _restore,
    "delete": _delete,
    "collect": _collect,
}

VERBS: dict[str, Verb] = {"dataset": dataset}
