"""How the local object store is started: on loopback, never without keys, no telemetry."""

import asyncio
import os
import shutil
import sysconfig
from pathlib import Path
from urllib.parse import urlsplit

from minio import Minio
from minio.error import InvalidResponseError, S3Error
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from deploy.certificates import Certificates, made_for_now
from deploy.ports import HOST, free_ports, is_free
from deploy.secrets import Secrets
from deploy.store_identities import write_identities

PORT_NAMES = (
    "s3.port",
    "s3.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "admin.port",
)
PARTS = ("MASTER", "VOLUME", "FILER", "S3", "ADMIN", "WORKER", "CLIENT")
ADMIN_OFFSET = 10_000  # its worker looks for the admin's gRPC port there, whatever is asked for
BUCKET = "shirushi"
MEMORY_LIMIT = "384MiB"
VOLUME_MIB = 1024
LONGEST_SOCKET_PATH = 100


def server_binary(name: str) -> str:
    """Path of a server that a Python package brought.

    Raises:
        FileNotFoundError: it is not installed.
    """
    beside_python = Path(sysconfig.get_path("scripts")) / name
    found = str(beside_python) if beside_python.exists() else shutil.which(name)
    if not found:
        raise FileNotFoundError(f"{name} is not installed: run `make setup`")
    return found


def store_ports() -> dict[str, int]:
    """A free port for each of `PORT_NAMES`."""
    ports = dict(zip(PORT_NAMES, free_ports(len(PORT_NAMES)), strict=True))
    while ports["admin.port"] + ADMIN_OFFSET > 65535 or not is_free(
        ports["admin.port"] + ADMIN_OFFSET
    ):
        [ports["admin.port"]] = free_ports(1)
    return ports


def store_command(
    folder: Path,
    ports: dict[str, int],
    secrets: Secrets,
    *,
    tls: Certificates | None = None,
    dataset_buckets: tuple[str, ...] = (),
    listen: str = HOST,
) -> list[str]:
    """The command line; `ports` has one for each of `PORT_NAMES`. Keys are not in it."""
    (folder / "log").mkdir(parents=True, exist_ok=True)
    (folder / "data").mkdir(exist_ok=True)
    # what it was told the last time, ports included, would be taken up again
    (folder / "data" / "mini.options").unlink(missing_ok=True)
    identities = folder / "identities.json"
    write_identities(identities, secrets, BUCKET, dataset_buckets)
    command = [
        server_binary("weed"),
        f"-logdir={folder / 'log'}",
        "mini",
        f"-dir={folder / 'data'}",
        f"-ip={HOST}",
        f"-ip.bind={listen}",
        "-master.telemetry=false",
        f"-master.volumeSizeLimitMB={VOLUME_MIB}",
        "-disableHttp",  # of master and filer: anybody could delete what is stored, by a GET
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={identities}",
        "-s3.allowedOrigins=",
        *(f"-{name}={ports[name]}" for name in PORT_NAMES),
        f"-admin.port.grpc={ports['admin.port'] + ADMIN_OFFSET}",
    ]
    if tls:
        command += [f"-s3.cert.file={tls.cert}", f"-s3.key.file={tls.key}"]
    for option in ("filer.localSocket", "s3.localSocket"):
        socket_path = folder / f"{option}.sock"
        if len(os.fsencode(socket_path)) <= LONGEST_SOCKET_PATH:
            command.append(f"-{option}={socket_path}")
    return command


def store_environment(secrets: Secrets, folder: Path) -> dict[str, str]:
    """Its keys and limits. Without the first two the store would be open to everyone.

    Its parts know each other by a certificate that is made anew at each start, in `folder`:
    without, any process of this machine could command them over gRPC.
    """
    shown = made_for_now(folder / "inside")
    files = {"CERT": str(shown.cert), "KEY": str(shown.key)}
    parts = {f"WEED_GRPC_{part}_{kind}": file for part in PARTS for kind, file in files.items()}
    return {
        "AWS_ACCESS_KEY_ID": secrets.store["access_key"],
        "AWS_SECRET_ACCESS_KEY": secrets.store["secret_key"],
        "WEED_ADMIN_USER": "admin",
        "WEED_ADMIN_PASSWORD": secrets.store["admin_password"],
        "GOMEMLIMIT": MEMORY_LIMIT,
        **secrets.tokens,
        "WEED_GRPC_CA": str(shown.ca),
        **parts,
    }


async def make_bucket(
    endpoint: str, secrets: Secrets, bucket: str = BUCKET, *, ca: Path | None = None
) -> bool:
    """Make `bucket` if it is missing. False: the store does not take requests yet."""
    client = Minio(
        urlsplit(endpoint).netloc,
        secrets.store["access_key"],
        secrets.store["secret_key"],
        secure=endpoint.startswith("https://"),
        region="us-east-1",
        http_client=PoolManager(
            timeout=Timeout(2.0),
            retries=Retry(0),
            cert_reqs="CERT_REQUIRED",
            ca_certs=str(ca) if ca else None,
        ),
    )
    try:
        await asyncio.to_thread(client.make_bucket, bucket)
    except S3Error as error:
        return error.code in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}
    except (HTTPError, OSError, InvalidResponseError):
        return False
    return True
