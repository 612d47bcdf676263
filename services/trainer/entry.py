"""The child process of one training, a copy of the nursery.

The first line of stdin is the order, later lines are commands. Messages are JSON lines on their own
pipe; stdout and stderr are the console.
"""

import json
import os
import socket
import traceback
from contextlib import suppress
from functools import partial
from io import FileIO
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from libs.common.child_spans import traced
from libs.common.errors import PermanentError
from libs.common.fenced_reads import fence_reads
from libs.common.isolation import SETTING, leave_network
from services.trainer import crew
from services.trainer.wishes import Paused, Wishes


class Channel:
    """The pipe to the parent."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)
        self._lock = Lock()
        self._say = self._send

    def trace(self, traceparent: str | None) -> None:
        """Say spans, too: of the training, and of each epoch."""
        self._say = traced(self._send, traceparent, "train", "epoch")

    def say(self, type_: str, **fields: Any) -> None:
        """Send one message."""
        self._say(type_, **fields)

    def _send(self, type_: str, **fields: Any) -> None:
        with self._lock:
            self._file.write(json.dumps({"type": type_, **fields}) + "\n")


def unheard(type_: str, **fields: Any) -> None:
    """In place of `Channel.say`, for ranks that are silent unless they fail."""


def obey(commands: FileIO, wishes: dict[str, Event]) -> None:
    """Read commands until the parent closes the pipe."""
    while line := commands.readline():
        if wish := wishes.get(json.loads(line).get("op")):
            wish.set()


SIGNS = (
    ("out of memory", "out_of_memory"),
    ("allocate memory", "out_of_memory"),
    ("nan persisted", "loss_not_finite"),
    ("nan/inf", "loss_not_finite"),
    ("no space left", "disk_full"),
    ("no valid images", "dataset_unreadable"),
    ("dataset '", "dataset_unreadable"),
    ("the same weights any more", "ranks_diverged"),
    ("compile error", "compile_failed"),
    ("the same images and checkpoint", "ranks_diverged"),
)
ADVICE = {
    "out_of_memory": "the memory does not suffice: lower batch_size or imgsz",
    "loss_not_finite": "the loss stays not finite: lower learning_rate, or try amp=false",
    "disk_full": "the trainer's disk is full: free some space, then start again",
    "compile_failed": "this host cannot compile the model: train without compile",
    "ranks_diverged": "an error of a device or of the link between two, if it comes again",
    "dataset_unreadable": "ultralytics cannot read the dataset: validate it, then start again",
}


def explain(error: Exception) -> tuple[str, str]:
    """A stable code and a sentence for what went wrong; an empty code = worth another try."""
    text = f"{error} {error.__cause__ or ''}".strip()
    if isinstance(error, PermanentError):
        return error.code, error.message
    if "cannot read image '" in text:
        return "poison_image", text[text.rindex("cannot read image '") :][:1500]
    for sign, code in SIGNS:
        if sign in text.lower():
            return code, f"{ADVICE[code]} ({text[:300]})"
    if isinstance(error, MemoryError):
        return "out_of_memory", ADVICE["out_of_memory"]
    if isinstance(error, SyntaxError | TypeError | ValueError | AssertionError):
        return "training_refused", f"ultralytics refused the training: {text[:500]}"
    return "", f"{type(error).__name__}: {text[:500]}"


def train(order: dict[str, Any], channel: Channel, wishes: dict[str, Event]) -> None:
    """Run one order to its end."""
    from services.trainer import checkpoint, yolo  # noqa: PLC0415 - the nursery has them
    from services.trainer.ranks import Ranks  # noqa: PLC0415
    from services.trainer.records import METRICS  # noqa: PLC0415

    ranks = Ranks.of_environment()
    order["overrides"]["save_dir"] = ranks.folder(order["run_dir"])
    save_dir = Path(order["run_dir"])
    state = None
    if order["resume"]:
        lay_out = save_dir if ranks.first else None
        state = checkpoint.read_checkpoint(Path(order["resume"]), lay_out)
        if order["extends"]:  # what ended is to go on, and its patience begins anew
            state["stopped"] = state["cut"] = False
            state["stopper"]["best_epoch"] = len(state["history"])
    elif order["weights"]:
        order["overrides"]["model"] = str(checkpoint.start_weights(Path(order["weights"])))
    if state and state["stopped"]:  # the former attempt died while it published
        if not ranks.first:
            return
        channel.say("resumed_at_end", history=state["history"])
    else:
        say = channel.say if ranks.speaks else unheard
        trainer = yolo.Trainer(order, state, say, Wishes(**wishes), ranks)
        try:
            trainer.train()  # type: ignore[no-untyped-call]
        except Paused:
            channel.say("paused")
            return
        if not ranks.first:
            return
        state = checkpoint.snapshot(trainer)
    history = state["history"]
    best = next(epoch for epoch in reversed(history) if epoch["best"])
    channel.say(
        "done",
        epochs_done=len(history),
        stopped_early=state["cut"] or len(history) < best["epochs"],
        best_epoch=best["epoch"],
        best_metrics={name: best[name] for name in METRICS},
        classes=list(state["names"].values()),
        seconds=round(state["elapsed_s"], 3),
        files=checkpoint.publish(state, save_dir),
    )


def main(messages: int) -> None:
    """Wait for an order, and obey it, in this process or in one for each rank."""
    os.set_inheritable(messages, False)
    line = FileIO(0, closefd=False).readline()  # unbuffered: the commands after it stay
    if not line:
        return
    order = json.loads(line)
    try:
        # before any thread or rank: the ranks of one training share the namespace, and its loopback
        cut = network_left(order)
    except PermanentError as error:
        Channel(messages).say("failed", code=error.code, message=error.message)
        return
    print("network of the training process:", cut, flush=True)
    if order["ranks"] * order["nodes"] > 1:
        crew.lead(crew.Hosts.of(order), messages, partial(work, order))
    else:
        work(order, messages)


def network_left(order: dict[str, Any]) -> str:
    """Cut the network, but where other hosts take part; how it was cut.

    Raises:
        PermanentError: the setting allows no network, or the hosts would meet elsewhere.
    """
    if order["nodes"] == 1:
        return leave_network(loopback=order["ranks"] > 1)
    if order["node"] == 0 and not is_ours(order["endpoint"]):
        raise PermanentError(
            f"rdzv_endpoint is an address of the host that leads, and {order['endpoint']} is none "
            "of this host: give one at which the others reach it",
            code="endpoint_elsewhere",
        )
    if os.environ.get(SETTING) == "strict":
        raise PermanentError(
            f"a training on several hosts needs a network, which {SETTING}=strict forbids",
            code="network_needed",
        )
    return "host"


def is_ours(endpoint: str) -> bool:
    """Whether this machine can listen at `address:port`: who leads would call it otherwise."""
    with suppress(OSError):
        for family, kind, _, _, place in socket.getaddrinfo(
            endpoint.rsplit(":", 1)[0], 0, type=socket.SOCK_STREAM
        ):
            with suppress(OSError), socket.socket(family, kind) as probe:
                probe.bind((place[0], 0))
                return True
    return False


def work(order: dict[str, Any], messages: int) -> None:
    """Obey an order, say how it ended."""
    channel, wishes = Channel(messages), {"finish": Event(), "pause": Event()}
    channel.trace(order.get("traceparent"))
    commands = FileIO(0, closefd=False)  # unbuffered: a thread may wait in it at exit
    try:
        fence_reads(order.get("places", ()), order.get("roots", ()))
        Thread(target=obey, args=(commands, wishes), daemon=True).start()
        train(order, channel, wishes)
    except Exception as error:  # noqa: BLE001 - the last word of a process
        traceback.print_exc()
        code, message = explain(error)
        channel.say("failed", code=code, message=message)
