"""`make fuzz SECONDS=…`: the properties of tests/unit/properties on new examples, until time is up.

A failure prints the smallest example, and the line that shows it again (`@reproduce_failure`).
"""

import os
import subprocess
import sys
import time


def main(seconds: float) -> int:
    """0 when no example broke a property within about that many seconds."""
    deadline = time.monotonic() + seconds
    rounds = 0
    while time.monotonic() < deadline or not rounds:
        options = ["--timeout=0"]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "tests/unit/properties", *options]
        left = max(1.0, deadline - time.monotonic())
        try:
            done = subprocess.run(
                command,
                check=False,
                timeout=left,
                env=os.environ | {"SHIRUSHI_PROPERTIES": "fuzz"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        except subprocess.TimeoutExpired:
            break
        rounds += 1
        if done.returncode:
            sys.stdout.write(done.stdout)
            sys.stdout.write(f"fails with: SHIRUSHI_PROPERTIES=fuzz {' '.join(command[1:])}\n")
            return 1
    held = "every property held" if rounds else "too short for one round of all properties"
    sys.stdout.write(f"{seconds:g} s, {rounds} whole rounds: {held}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0))
