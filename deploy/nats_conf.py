"""How the local nats-server is started: its configuration file, command line and environment."""

import json
from pathlib import Path

from deploy.secrets import Secrets
from deploy.store import server_binary

TEMPLATE = Path(__file__).with_name("nats.conf")
READ_THE_LOG = (
    "$JS.API.STREAM.INFO.EVENTS",
    "$JS.API.CONSUMER.CREATE.EVENTS",
    "$JS.API.CONSUMER.CREATE.EVENTS.>",
    "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.>",
    "$JS.API.CONSUMER.INFO.EVENTS.>",
    "$JS.API.CONSUMER.DELETE.EVENTS.>",
    "$JS.API.CONSUMER.MSG.NEXT.EVENTS.>",
    "$JS.FC.EVENTS.>",
)


def bus_command(folder: Path, port: int) -> list[str]:
    """Write the configuration, which holds no secret, and answer the command line."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nats.conf"
    path.write_text(
        TEMPLATE.read_text(encoding="utf-8")
        .replace("@PORT@", str(port))
        .replace('"@STORE@"', json.dumps(str(folder / "data")))
        .replace("@READ@", ", ".join(f'"{subject}"' for subject in READ_THE_LOG)),
        encoding="utf-8",
    )
    return [server_binary("nats-server"), "-c", str(path)]


def bus_environment(secrets: Secrets) -> dict[str, str]:
    """The passwords under the names that the configuration uses."""
    return {f"BUS_{user.upper()}": password for user, password in secrets.bus.items()}
