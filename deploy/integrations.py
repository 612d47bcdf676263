"""Which integrations run beside the services: those that the environment names."""

import os
import sys

ASKED_BY = {
    "webhooks": "SHIRUSHI_WEBHOOKS",
    "tensorboard": "SHIRUSHI_TENSORBOARD",
    "mlflow": "SHIRUSHI_MLFLOW",
}


def integrations() -> dict[str, list[str]]:
    """Command lines by name; each is given what its variable holds: a file, a folder, an address.

    An integration that cannot run is started again and says why in its log; it stops nothing else.
    """
    return {
        name: [sys.executable, "-m", f"integrations.{name}", value]
        for name, variable in ASKED_BY.items()
        if (value := os.environ.get(variable))
    }
