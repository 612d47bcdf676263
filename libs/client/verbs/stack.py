"""Verbs that start and stop the whole system on this machine; their code is the supervisor's."""

import argparse
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import httpx
from rich.console import Console

from libs.client.address import home_folder, running_stack
from libs.client.client import Client
from libs.client.errors import ClientError
from libs.client.show import print_json
from libs.client.verbs.verb import AddVerb, Verb

ROOT = Path(__file__).parents[3]
LOOK_S = 0.1


def run(_: Client, arguments: argparse.Namespace, __: Console) -> int:
    """Run a module of `deploy` with its own output; with --json that goes to standard error."""
    if find_spec("deploy") is None:
        raise ClientError("only the client is installed here: `up` needs the whole checkout")
    words = [sys.executable, "-m", f"deploy.{arguments.verb}", *_words(arguments)]
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    if getattr(arguments, "port", None) is not None:
        environment["SHIRUSHI_PORT"] = str(arguments.port)
    child = subprocess.Popen(words, env=environment, stdout=sys.stderr if arguments.json else None)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    if arguments.json and arguments.verb != "down":
        _tell_address(child)
    code = _ended(child)
    if arguments.json and arguments.verb == "down":
        print_json({"exit_code": code})
    return code


def _ended(child: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the child got it, too, and stops in order


def _tell_address(child: subprocess.Popen[bytes]) -> None:
    """One line of JSON as soon as the system is up, or is not any more."""
    url = None
    while child.poll() is None:
        url = running_stack(home_folder())
        if url and _ready(url):
            break
        time.sleep(LOOK_S)
    print_json({"url": url, "pid": child.pid, "exit_code": child.poll()})


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False, timeout=5).is_success
    except httpx.TransportError:
        return False


def _words(arguments: argparse.Namespace) -> list[str]:
    if arguments.verb != "demo":
        return []
    words = ["--epochs", str(arguments.epochs), "--min-map50", str(arguments.min_map50)]
    return [*words, "--exit"] if arguments.exit else words


def add_arguments(verb: AddVerb) -> None:
    """The verbs of this area."""
    up = verb("up", "start the bus, the store and the services here; Ctrl-C stops them")
    up.add_argument("--port", type=int, help="of the page and REST; 0: a free one; default: 8000")
    demo = verb("demo", "make a logo dataset, train, judge and draw a detector, leave it all up")
    demo.add_argument("--epochs", type=int, default=10)
    demo.add_argument("--min-map50", type=float, default=0.6, help="exit with 1 below this")
    demo.add_argument("--exit", action="store_true", help="stop everything after the summary")
    verb("down", "stop the system of SHIRUSHI_HOME")


VERBS: dict[str, Verb] = {"up": run, "demo": run, "down": run}
