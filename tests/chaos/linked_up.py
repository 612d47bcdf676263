"""The supervisor of this repository, its services behind links: `python -m tests.chaos.linked_up`.

SHIRUSHI_LINKS   JSON: of each service the addresses of its bus and its store
SHIRUSHI_MUTANT  a deliberate mistake that the services are to make (`mutants.py`)
"""

import dataclasses
import json
import os
import sys

from deploy import up
from deploy.processes import Program


class Stack(up.Stack):
    """As it is, but for where the services find bus and store."""

    def _service(self, name: str) -> Program:
        program = super()._service(name)
        mutant = os.environ.get("SHIRUSHI_MUTANT")
        if not mutant:
            return program
        command = [sys.executable, "-m", "tests.chaos.mutants", mutant, f"services.{name}"]
        return dataclasses.replace(program, command=command)

    def _environment(self, name: str) -> dict[str, str]:
        links: dict[str, dict[str, str]] = json.loads(os.environ["SHIRUSHI_LINKS"])
        return super()._environment(name) | links[name]


if __name__ == "__main__":
    up.Stack = Stack  # type: ignore[misc]
    raise SystemExit(up.main())
