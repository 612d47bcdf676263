"""How the local nats-server is started: its configuration file, command line and environment."""

import json
from dataclasses import dataclass
from pathlib import Path

from deploy.certificates import Certificates
from deploy.ports import HOST
from deploy.secrets import Secrets
from deploy.store import server_binary

TEMPLATE = Path(__file__).with_name("nats.conf")
API = "$JS.APP.API"
"""Where accounts that do not own the log find what they may ask of JetStream."""
READ_THE_LOG = (
    f"{API}.STREAM.INFO.EVENTS",
    f"{API}.CONSUMER.CREATE.EVENTS",
    f"{API}.CONSUMER.CREATE.EVENTS.>",
    f"{API}.CONSUMER.DURABLE.CREATE.EVENTS.>",
    f"{API}.CONSUMER.INFO.EVENTS.>",
    f"{API}.CONSUMER.DELETE.EVENTS.>",
    f"{API}.CONSUMER.MSG.NEXT.EVENTS.>",
    "$JS.FC.EVENTS.>",
)


@dataclass(frozen=True)
class Cluster:
    """One of several servers that hold the log together; streams have `num_replicas` then."""

    name: str
    host: str
    port: int
    peers: tuple[str, ...]
    """host:port of all, this one too."""
    monitor: int = 8222
    """Shows how far consumers are, without a password: only who scales workers may reach it."""

    def block(self, tls: Certificates | None) -> str:
        """Its part of the configuration; the password of routes is in the environment alone."""
        routes = ", ".join(f"$BUS_ROUTE_{number}" for number in range(len(self.peers)))
        return (
            f'http: "{self.host}:{self.monitor}"\n'
            f'cluster {{ name: shirushi, listen: "{self.host}:{self.port}", routes: [{routes}]\n'
            f"  authorization {{ user: route, password: $BUS_ROUTE }}\n"
            f"  {_tls_of_routes(tls)} }}"
        )

    def environment(self, secrets: Secrets) -> dict[str, str]:
        """Where its peers are, with the password that they ask for."""
        password = secrets.bus["route"]
        return {
            f"BUS_ROUTE_{number}": f"nats-route://route:{password}@{peer}"
            for number, peer in enumerate(self.peers)
        }


def _tls_of_routes(tls: Certificates | None) -> str:
    if tls is None:
        return ""
    files = f"cert_file: {json.dumps(str(tls.cert))}, key_file: {json.dumps(str(tls.key))}"
    return f'tls {{ {files}, ca_file: {json.dumps(str(tls.ca))}, min_version: "1.3" }}'


def bus_command(
    folder: Path,
    port: int,
    tls: Certificates | None = None,
    *,
    host: str = HOST,
    cluster: "Cluster | None" = None,
) -> list[str]:
    """Write the configuration, which holds no secret, and answer the command line."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "nats.conf"
    path.write_text(
        TEMPLATE.read_text(encoding="utf-8")
        .replace("@HOST@:@PORT@", f"{host}:{port}")
        .replace('"@STORE@"', json.dumps(str(folder / "data")))
        .replace("@TLS@", _tls(tls))
        .replace("@NAME@", json.dumps(cluster.name if cluster else "shirushi"))
        .replace("@CLUSTER@", cluster.block(tls) if cluster else "")
        .replace("@READ@", ", ".join(f'"{subject}"' for subject in READ_THE_LOG)),
        encoding="utf-8",
    )
    return [server_binary("nats-server"), "-c", str(path)]


def _tls(tls: Certificates | None) -> str:
    """Handshake first: nobody on the way can say that the server speaks plain text only."""
    if tls is None:
        return ""
    files = f"cert_file: {json.dumps(str(tls.cert))}, key_file: {json.dumps(str(tls.key))}"
    return f'tls {{ {files}, handshake_first: true, min_version: "1.3" }}'


def bus_environment(secrets: Secrets) -> dict[str, str]:
    """The passwords under the names that the configuration uses."""
    return {f"BUS_{user.upper()}": password for user, password in secrets.bus.items()}
