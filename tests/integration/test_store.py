"""The object store as we start it: its known traps, each on the real server."""

import asyncio
import socket
import ssl
from fnmatch import fnmatch

import httpx
import pytest
from minio import Minio
from minio.error import S3Error
from pydantic import SecretStr

from deploy.certificates import trusting
from deploy.store import BUCKET, make_bucket
from deploy.store_identities import WRITES
from libs.common.artifacts import ArtifactStore
from libs.common.errors import Unavailable
from libs.common.settings import Settings
from tests.conftest import Store

SECRET = b"weights of somebody"
PLACES = (
    *("uploads/u.zip", "models/m/1.pt", "datasets/d/v1/manifest.json", "trainings/p/e/best.pt"),
    *("trainings/p/e/.reserved", "validations/v/report.json", "visualizations/v/p.png"),
    *("comparisons/c/report.json", "thresholds/t/report.json", "explanations/e/1.png"),
    "anywhere/else.txt",
)


def quiet() -> httpx.Client:
    return httpx.Client(timeout=10.0, trust_env=False)


async def test_nobody_reads_or_writes_without_keys(
    store: Store, artifacts: ArtifactStore, settings: Settings
) -> None:
    await artifacts.put_bytes("models/a.pt", SECRET)
    url = f"{store.endpoint}/{settings.s3_bucket}"
    with quiet() as client:
        answers = [
            client.get(f"{url}/models/a.pt"),
            client.put(f"{url}/models/b.pt", content=b"forged"),
            client.delete(f"{url}/models/a.pt"),
            client.get(f"{url}?list-type=2"),
            client.put(f"{store.endpoint}/a-new-bucket"),
        ]
    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert await artifacts.get_bytes("models/a.pt") == SECRET


@pytest.mark.parametrize("name", sorted(WRITES))
async def test_a_service_reads_all_and_writes_and_deletes_its_own_alone(
    store: Store, name: str
) -> None:
    assert await make_bucket(store.endpoint, store.secrets)
    owner = opened(store, store.secrets.store["access_key"], store.secrets.store["secret_key"])
    service = opened(store, *store.secrets.store_keys(name))
    allowed = {place for place in PLACES if any(fnmatch(place, each) for each in WRITES[name])}
    assert allowed
    common = await owner.put_bytes("of-somebody", SECRET)
    for key in PLACES:
        await owner.put_bytes(key, SECRET)
        assert await service.get_bytes(key) == SECRET
        if key in allowed:
            await service.put_bytes(key, b"own")
            await service.copy(common, key)
            await service.delete(key)
        else:
            for change in (service.put_bytes(key, b"forged"), service.delete(key)):
                with pytest.raises(Unavailable):
                    await change
            assert await owner.get_bytes(key) == SECRET
            await owner.delete(key)
        assert key not in [head.key for head in await service.list("")]


def opened(store: Store, access_key: str, secret_key: str) -> ArtifactStore:
    return ArtifactStore.open(
        Settings(
            s3_endpoint=store.endpoint,
            s3_bucket=BUCKET,
            s3_access_key=access_key,
            s3_secret_key=SecretStr(secret_key),
        )
    )


async def test_the_back_door_of_the_filer_is_closed(
    store: Store, artifacts: ArtifactStore, settings: Settings
) -> None:
    """Its HTTP port reads and writes any object: it is not served."""
    await artifacts.put_bytes("models/a.pt", SECRET)
    filer = f"http://127.0.0.1:{store.ports['filer.port']}/buckets/{settings.s3_bucket}/models"
    with quiet() as client:
        read = client.get(f"{filer}/a.pt")
        written = client.put(f"{filer}/b.pt", content=b"forged")
        removed = client.delete(f"{filer}/a.pt")
    assert {read.status_code, written.status_code, removed.status_code} == {404}
    assert await artifacts.get_bytes("models/a.pt") == SECRET


async def test_nobody_commands_its_parts(
    store: Store, artifacts: ArtifactStore, settings: Settings
) -> None:
    """By HTTP a GET deleted all of a bucket; by gRPC its own shell deleted without keys."""
    await artifacts.put_bytes("models/a.pt", SECRET)
    master = f"http://127.0.0.1:{store.ports['master.port']}"
    asked = (f"/col/delete?collection={settings.s3_bucket}", "/vol/grow?count=1", "/dir/assign")
    with quiet() as client:
        assert {client.get(f"{master}{each}").status_code for each in asked} == {404}
        volume = f"http://127.0.0.1:{store.ports['volume.port']}"
        assert client.get(f"{volume}/ui/index.html").status_code == 401
    for name in ("master", "filer", "volume", "s3"):
        port = store.ports[f"{name}.port.grpc"]
        authority = store.folder / "inside/ca.pem"
        with pytest.raises((ssl.SSLError, ConnectionResetError), match=r"certificate|reset"):
            await asyncio.to_thread(say_hello, port, trusting(authority))
        certificate = trusting(authority)
        shown = store.folder / "inside"
        certificate.load_cert_chain(shown / "cert.pem", shown / "key.pem")
        assert await asyncio.to_thread(say_hello, port, certificate)
    assert await artifacts.get_bytes("models/a.pt") == SECRET


def say_hello(port: int, context: ssl.SSLContext) -> bytes:
    """What a gRPC port answers to the first bytes of HTTP/2."""
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as link,
    ):
        link.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        return link.recv(9)


async def test_it_says_nothing_to_its_maker(store: Store) -> None:
    assert "-master.telemetry=false" in store.command


async def test_keys_are_not_in_its_command_line(store: Store) -> None:
    line = " ".join(store.command)
    for secret in (*store.secrets.store.values(), *store.secrets.tokens.values()):
        assert secret not in line


@pytest.mark.parametrize("name", ["s3.port", "filer.port", "master.port", "volume.port"])
async def test_it_listens_on_loopback_only(store: Store, name: str) -> None:
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    for address in addresses - {"127.0.0.1", "127.0.1.1", "::1"}:
        family = socket.AF_INET6 if ":" in str(address) else socket.AF_INET
        with socket.socket(family) as probe:
            probe.settimeout(1)
            assert probe.connect_ex((str(address), store.ports[name])) != 0
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", store.ports[name])) == 0


async def test_the_minio_client_works_with_it(
    store: Store, artifacts: ArtifactStore, settings: Settings
) -> None:
    await artifacts.put_bytes("trainings/p/e/results.csv", b"epoch\n")
    client = Minio(
        store.endpoint.removeprefix("http://"),
        store.secrets.store["access_key"],
        store.secrets.store["secret_key"],
        secure=False,
        region="us-east-1",
    )
    answer = client.get_object(settings.s3_bucket, "trainings/p/e/results.csv")
    try:
        assert answer.read() == b"epoch\n"
    finally:
        answer.close()
        answer.release_conn()
    with pytest.raises(S3Error):
        client.stat_object(settings.s3_bucket, "nothing")
