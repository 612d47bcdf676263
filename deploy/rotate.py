"""New passwords, keys and certificates for a home: of a stack that runs, too.

python -m deploy.rotate     SHIRUSHI_HOME

A running stack is started again with the new ones, some seconds in which nothing is answered:
what was asked for stays in the log, a training goes on from its last checkpoint. Readers of the
bus take the new `readers.json`, sessions of the page end, API tokens stay (they are revoked
one by one: `shirushi token revoke`).
"""

import asyncio
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from deploy import home as homes
from deploy.ports import http_status
from deploy.secrets import load_or_make

PATIENCE_S = 120.0
LOOK_EVERY_S = 0.1


def rotate(home: Path) -> None:
    """Replace the secrets of `home`, and wait until its stack, if one runs, is up with them.

    Raises:
        CannotStart: the stack is just starting, or does not come back.
    """
    if not homes.is_locked(home):
        with homes.locked(home):
            load_or_make(home, anew=True)
            shutil.rmtree(home / "tls", ignore_errors=True)  # made again at the next start
        return
    before = homes.read_stack(home)
    if "pid" not in before:
        raise homes.CannotStart(f"the stack of {home} starts or stops just now: try again")
    os.kill(int(before["pid"]), signal.SIGHUP)
    deadline = time.monotonic() + PATIENCE_S
    while not _up_again(home, float(before["since"])):
        if time.monotonic() > deadline or not homes.is_locked(home):
            raise homes.CannotStart(f"the stack does not come back: see {home / 'logs'}")
        time.sleep(LOOK_EVERY_S)


def _up_again(home: Path, before: float) -> bool:
    now = homes.read_stack(home)
    if float(now.get("since", before)) == before:
        return False
    status = http_status(now["ports"]["http"], "/readyz", tls=now["url"].startswith("https"))
    return asyncio.run(status) == 200


def main() -> int:
    """0 when there are new secrets, 1 with what to do when not."""
    try:
        rotate(homes.home_folder())
    except (homes.CannotStart, ValueError, OSError) as error:
        print(f"shirushi: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
