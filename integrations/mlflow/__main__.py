"""Tell an MLflow server of every training: `python -m integrations.mlflow http://HOST:PORT`.

Runs until it is told to stop. Artifacts come from the gateway (SHIRUSHI_URL, SHIRUSHI_TOKEN);
`--no-artifacts` leaves them out.
"""

import argparse
import asyncio
import os
import sys
from functools import partial
from pathlib import Path

from integrations.log import Places, ReaderSettings, opened
from integrations.trainings import follow_trainings
from libs.client.client import Client
from libs.common import logs
from libs.common.errors import BadInput
from libs.common.service import until_told_to_stop

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


async def tell(address: str, settings: ReaderSettings, client: Client | None) -> None:
    """Follow the log into the server at `address` until told to stop."""
    from mlflow import MlflowClient  # noqa: PLC0415 - reads QUIET when it is imported

    from integrations.mlflow.runs import Runs  # noqa: PLC0415

    download = partial(_download, client) if client else None
    runs = Runs(MlflowClient(address), download)
    async with opened(settings) as bus:
        with Places(settings.state("mlflow")) as places:
            await until_told_to_stop(follow_trainings(bus, places, address, runs.take))


def _download(client: Client, key: str, to: Path, sha256: str) -> None:
    client.download(key, to, sha256=sha256)


def main() -> int:
    """0 when it was told to stop, 1 when it cannot run."""
    parser = argparse.ArgumentParser(prog="python -m integrations.mlflow", description=__doc__)
    parser.add_argument("address", metavar="URL", help="of the MLflow tracking server")
    parser.add_argument("--no-artifacts", action="store_true", help="metrics and parameters alone")
    arguments = parser.parse_args()
    os.environ.update({name: os.environ.get(name, value) for name, value in QUIET.items()})
    settings = ReaderSettings()
    logs.configure(json=settings.log_json)
    if not arguments.address.startswith(("http://", "https://")):
        sys.stderr.write("mlflow: give the address of a tracking server, http(s)://HOST:PORT\n")
        return 1
    try:
        with Client() as client:
            asyncio.run(
                tell(arguments.address, settings, None if arguments.no_artifacts else client)
            )
    except BadInput as error:
        sys.stderr.write(f"mlflow: {error}\n")
        return 1
    except ModuleNotFoundError as error:
        sys.stderr.write(f"mlflow: {error.name} is missing: pip install mlflow-skinny\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
