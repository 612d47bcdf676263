"""The words of the command line: every verb with its arguments, and what each means."""

import argparse

from libs.client import __doc__ as about
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


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--url", help="gateway; default: SHIRUSHI_URL, else the stack of SHIRUSHI_HOME"
    )
    common.add_argument("--json", action="store_true", help="print the answer as JSON")
    whole = argparse.ArgumentParser(
        prog="shirushi",
        description=about,
        epilog="Exit codes: 0 done; 1 failed, refused, or (`compare`, `validate`, `evaluate`) not "
        "good enough; 2 wrong usage; 3 nobody answers; 130 interrupted.",
    )
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="COMMAND")

    def verb(name: str, what: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, parents=[common], help=what, description=what)

    for area in (
        stack,
        system,
        checks,
        datasets,
        dataset_edits,
        trainings,
        artifacts,
        hosts,
        models,
        panels,
        comparisons,
        explanations,
        ci,
        tokens,
    ):
        area.add_arguments(verb)
    return whole
