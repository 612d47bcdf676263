"""Write event files for TensorBoard: `python -m integrations.tensorboard LOGDIR`.

Runs until it is told to stop; `tensorboard --logdir LOGDIR` shows trainings while they run.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from integrations.log import Places, ReaderSettings, opened
from integrations.tensorboard.runs import Runs
from integrations.trainings import follow_trainings
from libs.common import logs
from libs.common.errors import BadInput
from libs.common.service import until_told_to_stop


async def write(logdir: Path, settings: ReaderSettings) -> None:
    """Follow the log into `logdir` until told to stop; the place belongs to the folder."""
    runs = Runs(logdir)
    place = str(runs.logdir)
    async with opened(settings) as bus:
        with Places(settings.state("tensorboard")) as places:
            await until_told_to_stop(follow_trainings(bus, places, place, runs.take))
    runs.close()


def main() -> int:
    """0 when it was told to stop, 1 when it cannot run."""
    parser = argparse.ArgumentParser(prog="python -m integrations.tensorboard", description=__doc__)
    parser.add_argument("logdir", type=Path, metavar="LOGDIR", help="one folder for all trainings")
    arguments = parser.parse_args()
    settings = ReaderSettings()
    logs.configure(json=settings.log_json)
    try:
        asyncio.run(write(arguments.logdir, settings))
    except BadInput as error:
        sys.stderr.write(f"tensorboard: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
