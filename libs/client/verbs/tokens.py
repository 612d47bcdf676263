"""Verbs on API tokens. They change the file of SHIRUSHI_HOME: run them where the gateway runs."""

import argparse
import os
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from libs.client import show
from libs.client.address import home_folder
from libs.client.client import Client
from libs.client.screen import Screen
from libs.client.show import print_json
from libs.client.verbs.verb import DONE, FAILED, AddVerb, Verb
from libs.common import tokens
from libs.common.errors import ShirushiError

COLUMNS = ("id", "name", "scope", "created", "expires", "revoked", "last_used")


def book() -> Path:
    """The file: SHIRUSHI_TOKENS_FILE, else that of the home."""
    named = os.environ.get("SHIRUSHI_TOKENS_FILE")
    return Path(named) if named else home_folder() / tokens.FILE


def token(_: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Make, list or revoke tokens."""
    try:
        return DO[arguments.what](arguments, console)
    except ShirushiError as error:
        Screen(stderr=True).print(error.message, style="red", markup=False)
        return FAILED


def _create(arguments: argparse.Namespace, console: Console) -> int:
    made, text = tokens.create(book(), arguments.name, arguments.scope, arguments.days)
    if arguments.json:
        print_json(_shown(asdict(made)) | {"token": text})
    else:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        Screen(stderr=True).print("Keep it now: it is shown this once.", style="dim")
    return DONE


def _list(arguments: argparse.Namespace, console: Console) -> int:
    used = tokens.last_used(book())
    rows = [
        _shown(asdict(each)) | {"last_used": used.get(each.id)}
        for each in tokens.read(book()).values()
    ]
    if arguments.json:
        print_json(rows)
    else:
        show.rows(console, rows, COLUMNS, "none yet")
    return DONE


def _revoke(arguments: argparse.Namespace, console: Console) -> int:
    closed = tokens.revoke(book(), arguments.id)
    if arguments.json:
        print_json(_shown(asdict(closed)))
    else:
        console.print(f"{closed.name} is revoked", markup=False)
    return DONE


def _shown(row: dict[str, str | None]) -> dict[str, str | None]:
    return {name: value for name, value in row.items() if name != "hash"}


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    command = verb("token", "make, list or revoke the tokens that callers show")
    what = command.add_subparsers(dest="what", required=True, metavar="WHAT")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print the answer as JSON")
    make = what.add_parser("create", parents=[shared], help="a new token, shown once")
    make.add_argument("name", metavar="NAME", help="who or what will use it")
    make.add_argument(
        "--scope", choices=tokens.SCOPES, default="read",
        help="read = look; run = also start, stop, edit; admin = also delete and drain",
    )  # fmt: skip
    make.add_argument("--days", type=int, help="until it ends by itself; default: never")
    what.add_parser("list", parents=[shared], help="all tokens, without their secrets")
    close = what.add_parser("revoke", parents=[shared], help="close a token for good")
    close.add_argument("id", metavar="ID", help="as `shirushi token list` names it")


DO = {"create": _create, "list": _list, "revoke": _revoke}
VERBS: dict[str, Verb] = {"token": token}
