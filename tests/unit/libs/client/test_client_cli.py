"""Exit codes and output of the command line, against a real HTTP server."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from libs.client.address import api_url, find_url, running_stack
from libs.client.cli import main


class Gateway(HTTPServer):
    """Answers each path with a canned (status, body) and remembers the bodies it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, Any]] = {}
        self.sent: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_GET(self) -> None:
        route = self.path.removeprefix("/api/v1/ml").split("?")[0]
        status, body = self.server.answers.get(route, (404, {"detail": f"no {route}"}))
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.sent.append(json.loads(self.rfile.read(length) or b"{}"))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with Gateway() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("SHIRUSHI_URL", server.url)
        yield server
        server.shutdown()
        thread.join(5)


REPORT = {
    "validation_id": "v1",
    "dataset_path": "logos [old]",
    "valid": True,
    "total_images": 8,
    "total_labels": 9,
    "classes": ["nike"],
    "train_info": {"exists": True, "num_images": 8, "num_labels": 9},
    "findings": [
        {"rule": "label_out_of_range", "severity": "W", "file": "a[1].txt", "line": 3,
         "message": "x is 1.2", "fix": "clip it"},
    ],
}  # fmt: skip


def test_a_valid_dataset_exits_with_0_and_shows_findings_as_they_are(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.answers["/dataset/validate"] = (200, REPORT)
    assert main(["validate", "logos [old]"]) == 0
    shown = capsys.readouterr().out
    assert "logos [old] is valid: 8 images, 9 labels" in shown
    assert "warning label_out_of_range a[1].txt:3 x is 1.2 → clip it" in shown.replace("\n", " ")


def test_a_dataset_that_is_not_valid_exits_with_1(gateway: Gateway) -> None:
    gateway.answers["/dataset/validate"] = (200, REPORT | {"valid": False})
    assert main(["validate", "logos", "--json"]) == 1


def test_json_is_one_document_on_stdout(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.answers["/models"] = (200, [{"name": "ロゴ", "size": 3}])
    assert main(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"name": "ロゴ", "size": 3}]


def test_a_refusal_exits_with_1_and_names_the_bad_fields(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = [{"loc": ["body", "epochs"], "msg": "at most 1000", "code": "x"}]
    gateway.answers["/training/start"] = (422, {"detail": "bad request", "errors": errors})
    assert main(["train", "logos", "--epochs", "2000"]) == 1
    assert capsys.readouterr().err.splitlines() == ["bad request", "  body.epochs: at most 1000"]


def test_options_of_train_that_are_not_given_are_left_to_the_server(gateway: Gateway) -> None:
    gateway.answers["/training/start"] = (200, {"training_id": "t1", "status": "queued"})
    assert main(["train", "logos", "--mode", "transfer", "--learning-rate", "0.004"]) == 0
    assert gateway.sent == [{"dataset_path": "logos", "mode": "transfer", "learning_rate": 0.004}]


def test_any_other_field_can_be_set_also_one_of_a_group(gateway: Gateway) -> None:
    gateway.answers["/training/start"] = (200, {"training_id": "t1", "status": "queued"})
    given = ["workers=4", "cache=ram", "amp=false", "augmentation_params.mosaic=0.5"]
    more = [part for each in given for part in ("--set", each)]
    assert main(["train", "logos", *more]) == 0
    expected = {"workers": 4, "cache": "ram", "amp": False, "augmentation_params": {"mosaic": 0.5}}
    assert gateway.sent == [{"dataset_path": "logos", "mode": "full"} | expected]
    with pytest.raises(SystemExit):
        main(["train", "logos", "--set", "workers"])


def test_a_folder_that_is_here_is_sent_in_full(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logos").mkdir()
    monkeypatch.chdir(tmp_path)
    gateway.answers["/dataset/validate"] = (200, REPORT)
    main(["validate", "logos"])
    assert gateway.sent[0]["dataset_path"] == str(tmp_path / "logos")


JUDGED = {
    "validation_id": "v1",
    "confidence_threshold": 0.25,
    "match_iou": 0.5,
    "total_images": 12,
    "total_labels": 9,
    "map50": 0.625,
    "uncertainty": {"intervals": {"map50": {"value": 0.625, "low": 0.5, "high": 0.75}}},
    "false_alarms": {"per_1000_images": None},
    "class_metrics": {
        "nike": {"precision": 0.5, "recall": 0.25, "f1": 0.33, "support": 4, "ap50": 0.6, "tp": 1},
        "none": {"precision": 0, "recall": 0, "f1": 0, "support": 0, "ap50": None, "tp": 0},
    },
    "error_analysis": {"causes": {"cls": 0, "miss": 3}},
    "tide": {"delta_ap": {"cls": 0.0, "miss": 0.125}},
    "slices": {"weakest": [{"sentence": {"en": "Small logos.", "ja": "小さいロゴ。"}}]},
    "advice": [{"sentence": {"en": "Add [more] labels.", "ja": "ラベルを増やす。"}}],
    "notes": [],
}


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["0.500 – 0.750", "no clean image", "not found (miss)", "Add [more]"]),
        ("ja", ["再現率", "見逃し (miss)", "小さいロゴ。", "ラベルを増やす。"]),
    ],
)
def test_a_judgement_is_shown_in_both_languages(
    gateway: Gateway, capsys: pytest.CaptureFixture[str], language: str, expected: list[str]
) -> None:
    gateway.answers["/model/validate"] = (200, JUDGED)
    gateway.answers["/model/validate/v1"] = (200, JUDGED | {"status": "completed"})
    assert main(["evaluate", "best.pt", "logos", "--lang", language]) == 0
    shown = capsys.readouterr().out
    for text in (*expected, "nike", "+0.125"):
        assert text in shown
    assert "none" not in shown
    assert main(["report", "v1", "--lang", language]) == 0
    assert capsys.readouterr().out == shown


def test_a_script_stops_at_a_model_that_is_too_weak(gateway: Gateway) -> None:
    gateway.answers["/model/validate"] = (200, JUDGED)
    assert main(["evaluate", "best.pt", "logos", "--json", "--min-map50", "0.625"]) == 0
    assert main(["evaluate", "best.pt", "logos", "--json", "--min-map50", "0.63"]) == 1


def test_wrong_usage_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["train"])
    assert stopped.value.code == 2
    assert "DATASET" in capsys.readouterr().err


def test_nobody_there_exits_with_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("libs.client.cli._PATIENCE_S", 0.1)
    with HTTPServer(("127.0.0.1", 0), _Handler) as gone:
        port = gone.server_port
    assert main(["status", "--json", "--url", f"127.0.0.1:{port}"]) == 3
    assert "make up" in json.loads(capsys.readouterr().out)["error"]


def test_the_address_is_the_option_then_the_environment_then_the_running_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHIRUSHI_URL", raising=False)
    monkeypatch.setenv("SHIRUSHI_HOME", str(tmp_path))
    assert find_url() == "http://127.0.0.1:8000"
    (tmp_path / "stack.json").write_text('{"url": "http://127.0.0.1:9001"}', encoding="utf-8")
    assert find_url() == "http://127.0.0.1:9001"
    monkeypatch.setenv("SHIRUSHI_URL", "http://lab:8000")
    assert find_url() == "http://lab:8000"
    assert find_url("http://other") == "http://other"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"url": 3}', "{"])
def test_a_broken_note_of_the_stack_is_no_address(tmp_path: Path, content: str) -> None:
    (tmp_path / "stack.json").write_text(content, encoding="utf-8")
    assert running_stack(tmp_path) is None


@pytest.mark.parametrize("url", ["http://h:1", "h:1", "http://h:1/", "http://h:1/api/v1/ml/"])
def test_any_way_to_write_the_address_will_do(url: str) -> None:
    assert api_url(url) == "http://h:1/api/v1/ml"


def compared(verdict: str) -> dict[str, Any]:
    number = {"base": 0.5, "candidate": 0.6, "delta": 0.1, "low": 0.05, "high": 0.15}
    return {
        "comparison_id": "c1",
        "images": 40,
        "labels": 50,
        "resamples": 1000,
        "notes": ["2 images left out [a.jpg]"],
        "candidates": [
            {
                "verdict": verdict,
                "sentence": {"en": "It is so [really]."},
                "metrics": {"map50_95": number, "false_alarms_per_1000": None},
                "per_class": [
                    {
                        "class": "nike",
                        "support": 50,
                        "ap50_95": number,
                        "boxes": {"fixed": 7, "broken": 1},
                        "outcome": "win",
                    }
                ],
                "boxes": {"labels": {"fixed": 7, "still_wrong": 3}},
                "settings_that_differ": [{"name": "imgsz", "base": 640, "candidate": 320}],
            }
        ],
    }


@pytest.mark.parametrize(("verdict", "code"), [("better", 0), ("cannot_tell", 0), ("worse", 1)])
def test_compare_exits_with_1_if_it_is_worse(
    gateway: Gateway, capsys: pytest.CaptureFixture[str], verdict: str, code: int
) -> None:
    gateway.answers["/model/compare"] = (200, compared(verdict))
    assert main(["compare", "v1", "v2", "--seed", "3"]) == code
    assert gateway.sent[-1] == {"base": "v1", "candidates": ["v2"], "seed": 3}
    said = capsys.readouterr().out
    for words in (
        *(verdict.replace("_", " "), "It is so [really].", "+0.100 (+0.050 to +0.150)", "nike"),
        *("7 fixed, 3 still wrong", "imgsz: 640 → 320", "2 images left out [a.jpg]", "c1"),
    ):
        assert words in said, words
    assert main(["compare", "a", "b", "--dataset", "set", "--split", "val", "--json"]) == code
    assert gateway.sent[-1] == {"models": ["a", "b"], "test_dataset_path": "set", "split": "val"}
    assert json.loads(capsys.readouterr().out)["comparison_id"] == "c1"


def test_a_host_is_drained_and_waited_for_and_taken_back(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = {"host": "gpu-1", "drained": "finish", "trainings": ["t1"], "message": "no more"}
    gateway.answers["/training/drain/gpu-1"] = (200, answer)
    gateway.answers["/training/undrain/gpu-1"] = (200, answer | {"drained": None})
    gateway.answers["/status"] = (200, {"hosts": [{"host": "gpu-1", "drain_state": "drained"}]})
    assert main(["drain", "gpu-1", "--finish", "--wait"]) == 0
    assert capsys.readouterr().out == "no more\n"
    assert main(["undrain", "gpu-1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["drained"] is None
    assert gateway.sent == [{"running": "finish"}, {}]


def test_files_of_a_training_are_listed_and_brought_here_checked(
    gateway: Gateway, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    weights = b"weights without pickle"
    digest = hashlib.sha256(weights).hexdigest()
    listing = [
        {"name": name, "size": len(weights), "sha256": digest, "key": f"trainings/p/r/{name}"}
        for name in ("weights/best.safetensors", "weights/best.pt", "../out.txt")
    ]
    gateway.answers["/training/t1/artifacts"] = (200, listing)
    gateway.answers["/artifacts/trainings/p/r/weights/best.safetensors"] = (200, weights)
    gateway.answers["/artifacts/trainings/p/r/weights/best.pt"] = (200, b"changed on the way")
    assert main(["artifacts", "t1"]) == 0
    assert "weights/best.pt" in capsys.readouterr().out
    to = ["--to", str(tmp_path)]
    assert main(["artifacts", "t1", "weights/*.safetensors", *to, "--json"]) == 0
    [path] = json.loads(capsys.readouterr().out)
    assert Path(path) == tmp_path / "weights/best.safetensors"
    assert Path(path).read_bytes() == weights
    assert main(["artifacts", "t1", "weights/best.pt", *to]) == 1
    assert main(["artifacts", "t1", "../*", *to]) == 1
    assert main(["artifacts", "t1", "nothing", *to]) == 1
    assert [each.name for each in tmp_path.rglob("*") if each.is_file()] == ["best.safetensors"]
    assert not (tmp_path.parent / "out.txt").exists()
