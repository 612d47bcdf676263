"""Three servers hold the log together: what one confirmed, the others have."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.certificates import Certificates, make
from deploy.nats_conf import API, Cluster, bus_command, bus_environment
from deploy.ports import free_ports, is_free
from deploy.provision import provision
from deploy.secrets import Secrets, load_or_make
from libs.common.bus import STREAM, connect
from libs.common.events import DatasetRef, DatasetRequested
from tests.conftest import running, wait_until

NODES = 3


def request(number: int) -> DatasetRequested:
    data = DatasetRef(name="logos")
    return DatasetRequested(job_id=f"j{number}", operation="validate", dataset=data)


@contextlib.contextmanager
def node(
    number: int, ports: list[int], folder: Path, secrets: Secrets, tls: Certificates
) -> Iterator[str]:
    """One server of the cluster; its address."""
    peers = tuple(f"127.0.0.1:{port}" for port in ports[NODES : 2 * NODES])
    cluster = Cluster(
        f"nats-{number}", "127.0.0.1", ports[NODES + number], peers, ports[2 * NODES + number]
    )
    home = folder / f"nats-{number}"
    command = bus_command(home, ports[number], tls, cluster=cluster)
    told = bus_environment(secrets) | cluster.environment(secrets)
    with running(command, folder / f"{number}.log", **told):
        wait_until(lambda: not is_free(ports[number]), "a server listens", 20)
        yield f"tls://127.0.0.1:{ports[number]}"


async def test_a_server_of_three_can_go_and_come_back(tmp_path: Path) -> None:
    ports, secrets = free_ports(3 * NODES), load_or_make(tmp_path)
    tls = Certificates(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
    make(tls)
    with contextlib.ExitStack() as nodes:
        each = [contextlib.ExitStack() for _ in range(NODES)]
        urls = []
        for number, stack in enumerate(each):
            nodes.enter_context(stack)
            urls.append(stack.enter_context(node(number, ports, tmp_path, secrets, tls)))
        async with asyncio.timeout(40):
            while True:
                try:
                    await provision(urls[0], secrets, tls.ca, replicas=NODES)
                    break
                except Exception:  # noqa: BLE001 - they elect a leader first
                    await asyncio.sleep(0.2)
        password = secrets.bus["gateway"]
        who = {"source": "gateway", "user": "gateway", "password": password, "ca": tls.ca}
        async with connect(urls[1], api=API, patience_s=40, **who) as bus:  # type: ignore[arg-type]
            info = await bus.js.stream_info(STREAM)
            assert info.config.num_replicas == NODES
            assert info.cluster
            assert info.cluster.leader
            leader = int(info.cluster.leader.removeprefix("nats-"))
            assert [await bus.publish(request(number)) for number in range(5)] == [1, 2, 3, 4, 5]
            if leader != 1:
                each[leader].close()  # killed, without a word
            else:
                each[2].close()
            told = [await bus.publish(request(number)) for number in range(5, 10)]
            assert told == [6, 7, 8, 9, 10]
            assert await bus.publish(request(0)) == 1, (
                "told twice is told once, by the new leader too"
            )
            gone = leader if leader != 1 else 2
            each[gone].enter_context(node(gone, ports, tmp_path, secrets, tls))
        async with connect(urls[gone], api=API, patience_s=40, **who) as again:  # type: ignore[arg-type]
            every = [f"j{number}" for number in range(10)]
            async with asyncio.timeout(30):
                seen: list[str] = []
                while seen != every:  # what a server missed comes while it answers already
                    seen = [record.event.job_id for record in await again.read("evt.>")]
                    assert seen == every[: len(seen)], "late, but never other"


@pytest.mark.parametrize("tls", [None])
def test_a_single_server_has_no_cluster(tls: None, tmp_path: Path) -> None:
    bus_command(tmp_path, 4222, tls)
    text = (tmp_path / "nats.conf").read_text()
    assert "cluster" not in text
    assert "@" not in text.split("accounts {")[0].split("server_name")[1]
