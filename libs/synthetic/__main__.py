"""`python -m libs.synthetic OUT`: write a synthetic logo dataset from the command line."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from libs.common.errors import ShirushiError
from libs.synthetic.dataset import DatasetSummary, OnProgress, write_dataset
from libs.synthetic.demo import DEMO_SPEC


def main(arguments: list[str] | None = None) -> int:
    """Write the dataset and say what it holds; 0 when it is there, 2 for bad input."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=True)
    try:
        spec = replace(
            DEMO_SPEC,
            classes=options.classes,
            counts={"train": options.train, "val": options.val, "test": options.test},
            distractors=options.distractors,
            size=options.size,
            seed=options.seed,
            empty_share=options.empty,
        )
        with progress_bar(console) as on_progress:
            summary = write_dataset(
                options.out, spec, workers=options.workers, on_progress=on_progress
            )
    except ShirushiError as error:
        console.print(f"[red]{error.message}[/red]")
        return 2
    console.print(describe(summary))
    return 0


@contextmanager
def progress_bar(console: Console) -> Iterator[OnProgress]:
    """A bar with the time left; yields what `write_dataset` calls."""
    columns = TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("drawing", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def describe(summary: DatasetSummary) -> str:
    """One sentence for a person."""
    verb = "already there" if summary.reused else f"written in {summary.seconds:.1f} s"
    return (
        f"{summary.folder}: {summary.images} images, {summary.boxes} logos, "
        f"{summary.backgrounds} images without one; {verb}; sha256 {summary.sha256[:16]}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m libs.synthetic", description=__doc__, allow_abbrev=False
    )
    counts = DEMO_SPEC.counts
    parser.add_argument("out", type=Path, help="folder to make")
    parser.add_argument("--train", type=int, default=counts["train"], help="training images")
    parser.add_argument("--val", type=int, default=counts["val"], help="validation images")
    parser.add_argument("--test", type=int, default=counts["test"], help="test images")
    parser.add_argument("--classes", type=_slugs, default=DEMO_SPEC.classes, help="a,b,c")
    parser.add_argument(
        "--distractors", type=_slugs, default=DEMO_SPEC.distractors, help="drawn, never labelled"
    )
    parser.add_argument("--size", type=int, default=320, help="side in pixels")
    parser.add_argument("--seed", type=int, default=DEMO_SPEC.seed)
    parser.add_argument("--workers", type=int, default=2, help="processes that draw")
    parser.add_argument(
        "--empty", type=float, default=DEMO_SPEC.empty_share, help="share of images without a logo"
    )
    return parser


def _slugs(text: str) -> tuple[str, ...]:
    return tuple(slug.strip() for slug in text.split(",") if slug.strip())


if __name__ == "__main__":
    sys.exit(main())
