"""A home: its secrets, its ports, its lock."""

import json
import socket
from pathlib import Path

import pytest

from deploy import home as homes
from deploy.secrets import load_or_make
from deploy.store import store_environment


def test_secrets_are_made_once_private_and_completed_when_new_ones_are_needed(
    tmp_path: Path,
) -> None:
    first = load_or_make(tmp_path)
    path = tmp_path / "secrets.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_make(tmp_path) == first
    assert first.bus["trainer"] not in f"{first!r} {first}"
    known = json.loads(path.read_text())
    del known["bus"]["reader"]
    path.write_text(json.dumps(known))
    again = load_or_make(tmp_path)
    assert again.bus["reader"] != first.bus["reader"]
    assert again.bus["trainer"] == first.bus["trainer"]


def test_damaged_secrets_are_refused_rather_than_replaced(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(ValueError, match=r"damaged: restore it, or remove it"):
        load_or_make(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == "{"


def test_the_store_is_never_started_without_keys(tmp_path: Path) -> None:
    environment = store_environment(load_or_make(tmp_path), tmp_path / "store")
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "WEED_ADMIN_PASSWORD")
    signing = [name for name in environment if name.startswith("WEED_JWT_")]
    assert len(signing) == 4
    assert all(len(environment[name]) > 40 for name in (*keys, *signing))


def test_ports_stay_the_same_while_they_are_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIRUSHI_PORT", "0")
    first = homes.choose_ports(tmp_path)
    assert len(set(first.values())) == len(first)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first["nats"]))
        taken.listen()
        second = homes.choose_ports(tmp_path)
    assert second["nats"] != first["nats"]
    assert second["s3.port"] == first["s3.port"]


@pytest.mark.parametrize("variable", ["SHIRUSHI_PORT", "SHIRUSHI_NATS_PORT", "SHIRUSHI_S3_PORT"])
def test_a_port_that_cannot_be_had_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv("SHIRUSHI_PORT", "0")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv(variable, str(taken.getsockname()[1]))
        with pytest.raises(homes.CannotStart, match=f"is taken: set {variable}"):
            homes.choose_ports(tmp_path)
    monkeypatch.setenv(variable, "http")
    with pytest.raises(homes.CannotStart, match=f"{variable}=http is no port"):
        homes.choose_ports(tmp_path)


def test_a_home_is_for_one_stack_at_a_time(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert not homes.is_locked(home)
    with homes.locked(home):
        assert home.stat().st_mode & 0o777 == 0o700
        assert homes.is_locked(home)
        with pytest.raises(homes.CannotStart, match="make down"), homes.locked(home):
            pass
    assert not homes.is_locked(home)
