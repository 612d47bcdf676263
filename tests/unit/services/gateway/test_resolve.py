"""Names and paths from clients: nothing outside the roots is ever reached."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from libs.common.cloudevents import Recorded
from libs.common.errors import BadInput, NotFound, PermanentError
from libs.common.events import AnalysisRequested, Artifact, Event, ModelRef, ModelValidated
from libs.common.jobs import fold
from services.gateway.ledger import Ledger
from services.gateway.resolve import Resolver
from services.gateway.settings import GatewaySettings


@pytest.fixture
def resolver(tmp_path: Path) -> Resolver:
    root = tmp_path / "root"
    (root / "logos" / "images").mkdir(parents=True)
    (root / "logos" / "data.yaml").write_text("names: [a]\n")
    (root / "model.pt").write_bytes(b"weights")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "data.yaml").write_text("names: [a]\n")
    (root / "out").symlink_to(tmp_path / "secret")
    models = tmp_path / "models"
    models.mkdir()
    (models / "base.pt").write_bytes(b"base")
    settings = GatewaySettings(home=tmp_path / "home", roots=(root,), models_dir=models)
    return Resolver(Ledger(), settings)


def test_a_folder_and_its_yaml_are_found_by_absolute_and_relative_path(
    resolver: Resolver, tmp_path: Path
) -> None:
    folder = tmp_path / "root" / "logos"
    for text in ("logos", str(folder), "./logos/", "logos/../logos"):
        assert resolver.dataset(text).path == str(folder)
    assert resolver.dataset("logos/data.yaml").path == str(folder / "data.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "../secret",
        "out",
        "out/data.yaml",
        "/etc",
        "/etc/passwd",
        "logos/../../secret",
        "nothing",
        "a\x00b",
        "logos\n",
        "~",
        "/proc/self/root/etc",
    ],
)
def test_what_is_not_under_the_roots_is_not_found(resolver: Resolver, text: str) -> None:
    for resolve in (resolver.dataset, resolver.model):
        with pytest.raises(NotFound, match="SHIRUSHI_ROOTS"):
            resolve(text)


def test_a_refusal_does_not_tell_whether_the_path_exists(
    resolver: Resolver, tmp_path: Path
) -> None:
    texts = []
    for name in ("secret", "nowhere"):
        with pytest.raises(NotFound) as caught:
            resolver.dataset(str(tmp_path / name))
        texts.append(caught.value.message.replace(name, ""))
    assert texts[0] == texts[1]


def test_a_bucket_is_read_only_where_the_operator_allows_it(
    resolver: Resolver, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="SHIRUSHI_S3_DATASETS"):
        resolver.dataset("s3://bucket/set")
    settings = GatewaySettings(home=tmp_path / "home", s3_datasets=("bucket",))
    allowed = Resolver(Ledger(), settings)
    assert allowed.dataset("s3://bucket/my/set/").url == "s3://bucket/my/set"
    for text in ("s3://other/set", "s3://bucket/../set", "s3://bucket/", "s3://k:s@bucket/set"):
        with pytest.raises(BadInput):
            allowed.dataset(text)


def test_a_model_is_a_name_or_a_file_with_its_hash(resolver: Resolver, tmp_path: Path) -> None:
    base = resolver.model("base")
    assert base.path == str(tmp_path / "models" / "base.pt")
    assert base.sha256 is not None
    assert resolver.model("model.pt").path == str(tmp_path / "root" / "model.pt")
    with pytest.raises(BadInput, match=r"no \.pt or \.safetensors file"):
        resolver.model("logos")


def test_predictions_are_the_boxes_of_a_completed_validation_and_of_nothing_else(
    resolver: Resolver,
) -> None:
    boxes = Artifact(key="validations/m_1/matches.parquet", size_bytes=1, sha256="a" * 64)

    def analysis(operation: str, *facts: Event) -> None:
        request = AnalysisRequested.model_validate(
            {"job_id": "j", "operation": operation, "model": ModelRef(name="m")}
        )
        records = [
            Recorded(at, datetime(2026, 1, 1, tzinfo=UTC), "x", event)
            for at, event in enumerate((request, *facts), 1)
        ]
        job = fold(records)
        assert job
        resolver.ledger.jobs["j"] = job

    done = ModelValidated(
        job_id="j",
        attempt=1,
        prefix="validations/m_1",
        metrics={},
        total_images=1,
        seconds=1,
        report=boxes,
        artifacts={"matches.parquet": boxes},
    )
    with pytest.raises(NotFound, match="no model validation"):
        resolver.judged_boxes("j")
    analysis("visualize")
    with pytest.raises(NotFound, match="no model validation"):
        resolver.judged_boxes("j")
    analysis("validate")
    with pytest.raises(BadInput, match="it is queued"):
        resolver.judged_boxes("j")
    analysis("validate", done)
    found = resolver.judged_boxes("j")
    assert (found.name, found.key, found.sha256) == ("j", boxes.key, boxes.sha256)


def test_datasets_on_disk_are_listed_but_not_through_links(
    resolver: Resolver, tmp_path: Path
) -> None:
    assert resolver.datasets_on_disk() == {"logos": tmp_path / "root" / "logos"}


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104
def test_the_gateway_refuses_to_listen_to_others(host: str) -> None:
    with pytest.raises(PermanentError, match="without authentication"):
        GatewaySettings(host=host)


def test_roots_are_read_like_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIRUSHI_ROOTS", os.pathsep.join(["/a", "/b"]))
    assert GatewaySettings().roots == (Path("/a"), Path("/b"))


@pytest.mark.parametrize("text", ["secrets.json", "logs/gateway.json", "", "."])
def test_the_home_under_a_root_is_not_found_but_for_its_datasets(tmp_path: Path, text: str) -> None:
    home = tmp_path / ".shirushi"
    (home / "datasets/d").mkdir(parents=True)
    (home / "datasets/d/data.yaml").write_text("names: [a]\n")
    (home / "logs").mkdir()
    for name in ("secrets.json", "logs/gateway.json"):
        (home / name).write_text("{}")
    resolver = Resolver(Ledger(), GatewaySettings(home=home, roots=(tmp_path,)))
    assert resolver.dataset("d").path == str(home / "datasets/d")
    for resolve in (resolver.dataset, resolver.predictions, resolver.model, resolver.image):
        with pytest.raises(NotFound):
            resolve(str(home / text))
