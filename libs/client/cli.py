"""The command `shirushi`: each verb is one call of the client, shown or as JSON.

Exit codes: 0 done, 1 failed or refused (`compare`: worse), 2 wrong usage, 3 nobody answers,
130 interrupted.
"""

import sys
from collections.abc import Sequence

from libs.client.client import Client
from libs.client.errors import ApiError, ClientError, Unreachable
from libs.client.options import parser
from libs.client.screen import Screen
from libs.client.show import print_json
from libs.client.verbs import (
    artifacts,
    checks,
    ci,
    comparisons,
    dataset_edits,
    datasets,
    explanations,
    hosts,
    models,
    panels,
    stack,
    system,
    tokens,
    trainings,
)
from libs.client.verbs.verb import AWAY, DONE, FAILED, Verb

_PATIENCE_S = 3.0  # somebody sits in front of it
VERBS: dict[str, Verb] = (
    stack.VERBS
    | system.VERBS
    | explanations.VERBS
    | checks.VERBS
    | datasets.VERBS
    | dataset_edits.VERBS
    | trainings.VERBS
    | artifacts.VERBS
    | hosts.VERBS
    | models.VERBS
    | panels.VERBS
    | comparisons.VERBS
    | ci.VERBS
    | tokens.VERBS
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parser().parse_args(argv)
    console = Screen()
    try:
        with Client(arguments.url, patience_s=_PATIENCE_S) as client:
            return VERBS[arguments.verb](client, arguments, console)
    except ClientError as error:
        return _complain(error, as_json=arguments.json)
    except KeyboardInterrupt:
        return 130  # what a shell reports for Ctrl-C
    except BrokenPipeError:
        sys.stderr.close()  # `shirushi … | head` has seen enough
        return DONE


def _complain(error: ClientError, *, as_json: bool) -> int:
    code = AWAY if isinstance(error, Unreachable) else FAILED
    bad_fields = error.errors if isinstance(error, ApiError) else []
    if as_json:
        print_json({"error": str(error), "errors": bad_fields})
        return code
    complaints = Screen(stderr=True, highlight=False)
    complaints.print(str(error), style="red", markup=False)
    for field in bad_fields:
        where = ".".join(str(part) for part in field.get("loc") or [])
        complaints.print(f"  {where}: {field.get('msg')}", markup=False)
    return code


if __name__ == "__main__":
    sys.exit(main())
