"""Stops the stack of `SHIRUSHI_HOME`: python -m deploy.down."""

import os
import signal
import sys
import time

from deploy.home import home_folder, is_locked, read_stack

STOP_S = 10.0


def main() -> int:
    """0 when no stack runs any more, 1 when it could not be stopped."""
    home = home_folder()
    pid = read_stack(home).get("pid")
    if not is_locked(home) or not isinstance(pid, int):
        print(f"no stack runs in {home}")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while is_locked(home):
        if time.monotonic() > deadline:
            print(f"process {pid} did not stop in {STOP_S:.0f} s: kill -9 {pid}", file=sys.stderr)
            return 1
        time.sleep(0.05)
    print(f"stopped the stack in {home}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
