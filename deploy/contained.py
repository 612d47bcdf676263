"""The system in containers of one host (`compose.yml`): what it has to be given, and its servers.

python -m deploy.contained prepare FOLDER [NAME…]   once, on the host: secrets, certificates, an
                                                    environment file for each container, folders
python -m deploy.contained bus | store | setup      in containers; SHIRUSHI_SECRETS is their part
"""

import argparse
import asyncio
import os
import platform
import signal
import sys
from functools import partial
from pathlib import Path

from deploy.certificates import Certificates, make
from deploy.nats_conf import API, Cluster, bus_command, bus_environment
from deploy.provision import keep_mirror, provision
from deploy.secrets import SERVICES, Secrets, load_or_make
from deploy.store import BUCKET, PORT_NAMES, make_bucket, store_command, store_environment
from libs.common import logs, tokens
from libs.common.private_files import write_private

BUS_PORT, ROUTES_PORT, STORE_PORT, HTTP_PORT, METRICS_PORT = 4222, 6222, 8333, 8000, 9100
STATES = ("nats", "store", "datasets", *(f"{name}/datasets" for name in SERVICES))
TOKENS: dict[str, tokens.Scope] = {"prometheus": "read", "operator": "admin"}
INSIDE = ("nats", "store", "gateway")
EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside a container; compose publishes the gateway alone
USER = 10001
"""Of the images; what a root prepares is given to it."""
PATIENCE_S = 60.0
EXTERNAL = "SHIRUSHI_S3_ENDPOINT"
"""Told to the set-up where the store is somebody else's: its bucket is there."""


def prepare(folder: Path, names: list[str]) -> None:
    """Make what compose mounts: nothing that is there already is replaced."""
    for name in ("secrets", "ca", "tls", "env", "token", *(f"state/{each}" for each in STATES)):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets = load_or_make(folder / "secrets")
    private = folder / "secrets"
    files = Certificates(folder / "ca/ca.pem", private / "cert.pem", private / "key.pem")
    if not files.ca.exists():
        make(files, (*INSIDE, *names))
    for name in ("cert.pem", "key.pem"):
        write_private(folder / "tls" / name, (private / name).read_text())
    known = folder / "state/gateway/tokens.json"
    if not known.exists():
        for name, scope in TOKENS.items():
            _, text = tokens.create(known, name, scope, None)
            write_private(folder / "token" / name, text)
    for name in SERVICES:
        told = environment(name, secrets, names)
        write_private(folder / "env" / name, "".join(f"{k}={v}\n" for k, v in told.items()))
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, USER, USER)


def environment(name: str, secrets: Secrets, names: list[str]) -> dict[str, str]:
    """What one service is told: its own credentials, nobody else's."""
    access_key, secret_key = secrets.store_keys(name)
    told = {
        "SHIRUSHI_HOME": "/state",
        "SHIRUSHI_ROOTS": "/data:/state/datasets",
        "SHIRUSHI_HOST_NAME": name,
        "SHIRUSHI_NATS_URL": f"tls://nats:{BUS_PORT}",
        "SHIRUSHI_NATS_USER": name,
        "SHIRUSHI_NATS_PASSWORD": secrets.bus[name],
        "SHIRUSHI_NATS_API": API,
        "SHIRUSHI_NATS_CA": "/ca/ca.pem",
        "SHIRUSHI_S3_ENDPOINT": f"https://store:{STORE_PORT}",
        "SHIRUSHI_S3_BUCKET": BUCKET,
        "SHIRUSHI_S3_ACCESS_KEY": access_key,
        "SHIRUSHI_S3_SECRET_KEY": secret_key,
        "SHIRUSHI_S3_CA": "/ca/ca.pem",
        "SHIRUSHI_LOG_JSON": "true",
    }
    if name != "gateway":
        return told | {"SHIRUSHI_METRICS": f"{name}:{METRICS_PORT}"}
    return told | {
        "SHIRUSHI_HOST": EVERYWHERE,
        "SHIRUSHI_PORT": str(HTTP_PORT),
        "SHIRUSHI_AUTH": "required",
        "SHIRUSHI_TLS_CERT": "/tls/cert.pem",
        "SHIRUSHI_TLS_KEY": "/tls/key.pem",
        "SHIRUSHI_ALLOWED_HOSTS": ",".join(("gateway", *names)),
        "SHIRUSHI_PAGE_KEY": secrets.page["session_key"],
    }


def server(which: str, secrets: Secrets, tls: Certificates, state: Path) -> None:
    """Become the bus or the store."""
    if which == "bus":
        cluster = None
        if peers := tuple(filter(None, os.environ.get("SHIRUSHI_BUS_PEERS", "").split(","))):
            cluster = Cluster(platform.node(), EVERYWHERE, ROUTES_PORT, peers)
        command = bus_command(state, BUS_PORT, tls, host=EVERYWHERE, cluster=cluster)
        told = bus_environment(secrets) | (cluster.environment(secrets) if cluster else {})
    else:
        ports = {name: STORE_PORT + 1 + number for number, name in enumerate(PORT_NAMES)}
        ports["s3.port"] = STORE_PORT
        command = store_command(state, ports, secrets, tls=tls, listen=EVERYWHERE)
        told = store_environment(secrets, state)
    os.umask(0o077)
    os.execve(command[0], command, os.environ | told)  # noqa: S606 - there is no shell here


async def setup(secrets: Secrets, ca: Path) -> None:
    """Make streams and bucket, and keep the readers' mirror until told to stop."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    url = os.environ.get("SHIRUSHI_NATS_URL", f"tls://nats:{BUS_PORT}")
    replicas = int(os.environ.get("SHIRUSHI_REPLICAS", "1"))
    await provision(url, secrets, ca, replicas=replicas)
    made = partial(make_bucket, f"https://store:{STORE_PORT}", secrets, ca=ca)
    async with asyncio.timeout(PATIENCE_S):
        while not (EXTERNAL in os.environ or await made()):  # noqa: ASYNC110 - asked, it cannot tell
            await asyncio.sleep(0.5)
    Path(os.environ.get("SHIRUSHI_READY", "/tmp/ready")).touch()  # noqa: ASYNC240, S108
    keeping = asyncio.create_task(keep_mirror(url, secrets, ca, replicas=replicas))
    await stop.wait()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


def main() -> int:
    """As the command line says."""
    parser = argparse.ArgumentParser(prog="python -m deploy.contained")
    parser.add_argument("do", choices=("prepare", "bus", "store", "setup"))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("names", nargs="*", help="under which the gateway is called")
    asked = parser.parse_args()
    if asked.do == "prepare":
        if asked.folder is None:
            parser.error("name the folder")
        prepare(asked.folder.resolve(), asked.names)
        return 0
    logs.configure(json=True)
    folder = Path("/secrets")
    secrets = load_or_make(folder)
    ca = Path("/ca/ca.pem")
    if asked.do == "setup":
        asyncio.run(setup(secrets, ca))
        return 0
    server(
        asked.do, secrets, Certificates(ca, folder / "cert.pem", folder / "key.pem"), Path("/state")
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
