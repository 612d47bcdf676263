"""The supervisor with a trainer whose children are doubles: `python -m tests.load.fast_up`."""

import dataclasses
import sys

from deploy import up
from deploy.processes import Program


class Stack(up.Stack):
    """As it is, but for the trainer."""

    def _service(self, name: str) -> Program:
        program = super()._service(name)
        if name != "trainer":
            return program
        command = [sys.executable, "-m", "tests.load.fast_trainer", "services.trainer"]
        return dataclasses.replace(program, command=command)


if __name__ == "__main__":
    up.Stack = Stack  # type: ignore[misc]
    raise SystemExit(up.main())
