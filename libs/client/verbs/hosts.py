"""Verbs on hosts."""

import argparse
import time

from rich.console import Console

from libs.client.client import Client
from libs.client.show import print_json
from libs.client.verbs.verb import DONE, AddVerb, Verb

LOOK_S = 1.0


def drain(client: Client, arguments: argparse.Namespace, console: Console) -> int:
    """Take a host out of the work, or back in; with --wait until nothing runs there."""
    if arguments.verb == "undrain":
        answer = client.undrain(arguments.host)
    else:
        answer = client.drain(arguments.host, "finish" if arguments.finish else "hand_over")
        while arguments.wait and busy(client, arguments.host):
            time.sleep(LOOK_S)
    if arguments.json:
        print_json(answer)
    else:
        console.print(str(answer["message"]), highlight=False)
    return DONE


def busy(client: Client, host: str) -> bool:
    """Whether a trainer of a drained host has not said yet that nothing runs there."""
    here = [each for each in client.status()["hosts"] if each["host"] == host]
    return any(each["drain_state"] == "draining" for each in here)


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    command = verb("drain", "let a host take no trainings up any more")
    command.add_argument("host", metavar="HOST", help="as `shirushi status` names it")
    command.add_argument(
        "--finish", action="store_true", help="bring those that run to their end there"
    )
    command.add_argument("--wait", action="store_true", help="until nothing runs there")
    back = verb("undrain", "let a host take trainings up again")
    back.add_argument("host", metavar="HOST")


VERBS: dict[str, Verb] = dict.fromkeys(("drain", "undrain"), drain)
