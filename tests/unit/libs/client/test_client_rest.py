"""What the client sends, when it sends it again, and what becomes of refusals."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from libs.client import ApiError, Client, JobFailed, Unreachable
from libs.client.retry import back_off, retry_after_s

Answer = Callable[[httpx.Request], httpx.Response]


class Gateway:
    """Answers by script, the last answer for ever, and remembers the requests."""

    def __init__(self, *answers: Answer | httpx.Response) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def client(self, patience_s: float = 1.0) -> Client:
        transport = httpx.MockTransport(self)
        return Client("http://gateway", patience_s=patience_s, transport=transport)


def fails(error: type[httpx.TransportError]) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error("away", request=request)

    return answer


def test_a_problem_detail_becomes_an_error_with_its_bad_fields() -> None:
    bad = {"loc": ["body", "epochs"], "msg": "must be 1 to 1000", "code": "less_than_equal"}
    problem = {"status": 422, "detail": "epochs is out of range", "errors": [bad]}
    with pytest.raises(ApiError, match="epochs is out of range") as refused:
        Gateway(httpx.Response(422, json=problem)).client().start_training("logos")
    assert (refused.value.status, refused.value.errors) == (422, [bad])


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b""])
def test_an_error_without_a_problem_detail_still_says_its_status(body: bytes) -> None:
    with pytest.raises(ApiError, match="HTTP 500"):
        Gateway(httpx.Response(500, content=body)).client().status()


def test_a_post_that_starts_work_is_sent_again_under_the_same_key() -> None:
    started = {"training_id": "t1", "status": "queued"}
    gateway = Gateway(
        httpx.Response(503), fails(httpx.ReadError), httpx.Response(200, json=started)
    )
    assert gateway.client().start_training("logos") == started
    assert len(gateway.asked) == 3
    assert len({request.headers["Idempotency-Key"] for request in gateway.asked}) == 1


def test_two_posts_have_two_keys() -> None:
    gateway = Gateway(httpx.Response(200, json={}))
    client = gateway.client()
    client.start_training("logos")
    client.start_training("logos")
    assert len({request.headers["Idempotency-Key"] for request in gateway.asked}) == 2


def test_a_cancel_that_may_have_arrived_is_not_sent_again() -> None:
    gateway = Gateway(fails(httpx.ReadError))
    with pytest.raises(Unreachable):
        gateway.client().cancel("t1")
    assert len(gateway.asked) == 1


def test_a_cancel_that_never_arrived_is_sent_again() -> None:
    gateway = Gateway(fails(httpx.ConnectError), httpx.Response(200, json={"status": "stopping"}))
    assert gateway.client().cancel("t1", keep=True) == {"status": "stopping"}
    assert gateway.asked[1].url.params["keep"] == "true"


def test_a_gateway_that_stays_away_is_unreachable_after_the_patience() -> None:
    gateway = Gateway(fails(httpx.ConnectError))
    with pytest.raises(Unreachable, match="http://gateway"):
        gateway.client(patience_s=0.3).models()
    assert len(gateway.asked) >= 3


def test_long_work_is_asked_for_until_it_is_done_and_its_progress_told() -> None:
    under_way = {"id": "v1", "status": "running", "progress": 40.0}
    location = {"Location": "/api/v1/ml/dataset/validate/v1"}
    gateway = Gateway(
        httpx.Response(202, json=under_way, headers=location),
        httpx.Response(200, json=under_way | {"progress": 80.0}),
        httpx.Response(200, json={"validation_id": "v1", "status": "completed", "valid": True}),
    )
    told: list[float] = []
    report = gateway.client().validate_dataset("logos", on_progress=told.append)
    assert report["valid"]
    assert told == [40.0, 80.0]
    assert gateway.asked[0].headers["Prefer"] == "respond-async"
    assert gateway.asked[2].url.path == "/api/v1/ml/dataset/validate/v1"


def test_work_that_ended_in_failure_is_an_error_with_its_reason() -> None:
    failed = {"validation_id": "v1", "status": "failed", "errors": ["no data.yaml in logos"]}
    with pytest.raises(JobFailed, match=r"no data\.yaml") as error:
        Gateway(httpx.Response(200, json=failed)).client().validate_model("best.pt", "logos")
    assert error.value.job_id == "v1"


def test_names_with_slashes_stay_one_part_of_the_path() -> None:
    gateway = Gateway(httpx.Response(200, json={}))
    gateway.client().dataset("a/b ?")
    assert gateway.asked[0].url.raw_path == b"/api/v1/ml/datasets/a%2Fb%20%3F"


def test_a_download_is_whole_or_absent(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise httpx.ReadError("gone")

    gateway = Gateway(
        httpx.Response(200, stream=_Pieces(broken())), httpx.Response(200, content=b"weights")
    )
    client = gateway.client()
    with pytest.raises(Unreachable):
        client.download("trainings/p/e/weights/best.pt", tmp_path / "best.pt")
    assert list(tmp_path.iterdir()) == []
    client.download("trainings/p/e/weights/best.pt", tmp_path / "best.pt")
    assert (tmp_path / "best.pt").read_bytes() == b"weights"


class _Pieces(httpx.SyncByteStream):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces


def test_the_delays_double_and_end_with_the_patience() -> None:
    delays = list(back_off(10.0))
    assert 0.08 <= delays[0] <= 0.1
    assert max(delays) <= 2.0
    assert 8.0 <= sum(delays) <= 10.0


@pytest.mark.parametrize(
    ("header", "wait_s"), [(None, 0.5), ("3", 3.0), ("9999", 30.0), ("Tue, 01 Jan", 0.5)]
)
def test_retry_after_is_honoured_within_reason(header: str | None, wait_s: float) -> None:
    assert retry_after_s(header, 0.5) == wait_s
