"""A short torch program, run in a copy of the nursery, which has imported torch for it."""

import json
import sys
from contextlib import redirect_stdout
from io import FileIO, StringIO

from services.trainer.entry import Channel


def main(messages: int) -> None:
    order = json.loads(FileIO(0, closefd=False).readline())
    sys.argv = ["-c", *order["paths"]]
    printed = StringIO()
    with redirect_stdout(printed):
        exec(order["script"], {})  # noqa: S102 - of a test
    Channel(messages).say("done", printed=printed.getvalue())
