"""Run the gateway: `python -m services.gateway`."""

import sys

from libs.common import logs
from libs.common.errors import ShirushiError
from services.gateway.app import create_app
from services.gateway.edge.serve import server
from services.gateway.settings import GatewaySettings


def main() -> int:
    """Serve until told to stop."""
    try:
        settings = GatewaySettings()
    except ShirushiError as error:
        print(error.message, file=sys.stderr)
        return 2
    logs.configure(json=settings.log_json)
    serving = server(create_app(settings), settings)
    serving.run()
    return 0 if serving.started else 3


if __name__ == "__main__":
    sys.exit(main())
