"""The file of hooks: what is taken, and how each mistake is told."""

import base64
from pathlib import Path

import pytest

from integrations.webhooks.config import read_hooks
from libs.common.errors import BadInput

SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    monkeypatch.setenv("SHORT", "tooshort")
    monkeypatch.setenv("BROKEN", "whsec_*")


def written(folder: Path, text: str) -> Path:
    path = folder / "hooks.yaml"
    path.write_text(text)
    return path


def test_a_hook_is_read_with_its_secret_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(SECRET + "\n")
    path = written(
        tmp_path,
        "hooks:\n"
        "- {name: ci, url: 'https://ci.example/in', secret_env: HOOK, types: [training.*]}\n"
        f"- {{name: file, url: 'http://127.0.0.1:9/', secret_file: {tmp_path / 'key'}}}\n",
    )
    ci, file = read_hooks(path)
    assert ci.wants("training.completed.v1")
    assert not ci.wants("dataset.validated.v1")
    assert file.wants("dataset.validated.v1")
    assert file.secret.get_secret_value() == SECRET
    assert SECRET not in repr(ci)


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("{name: A, url: 'https://a/', secret_env: HOOK}", "name"),
        ("{name: a, url: 'http://10.0.0.1/', secret_env: HOOK}", "https"),
        ("{name: a, url: 'file:///etc/passwd', secret_env: HOOK}", "https"),
        ("{name: a, url: 'https://u:p@a/', secret_env: HOOK}", "password"),
        ("{name: a, url: 'https://a/', secret_env: MISSING}", "MISSING is not set"),
        ("{name: a, url: 'https://a/', secret_env: SHORT}", "16 bytes"),
        ("{name: a, url: 'https://a/', secret_env: BROKEN}", "base64"),
        ("{name: a, url: 'https://a/', secret_file: /nowhere/at/all}", "cannot be read"),
        ("{name: a, url: 'https://a/', secret: in-the-open-of-a-file}", "secret_env"),
        ("{name: a, url: 'https://a/'}", "secret_env"),
        ("{name: a, url: 'https://a/', secret_env: HOOK, typs: [x]}", "typs"),
        ("{name: a, url: 'https://a/', secret_env: HOOK, types: []}", "types"),
        ("just words", "mapping"),
    ],
)
def test_what_is_wrong_with_a_hook_is_named(tmp_path: Path, hook: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        read_hooks(written(tmp_path, f"hooks:\n- {hook}\n"))
    assert refused.value.code == "bad_hooks"
    assert "tooshort" not in str(refused.value)
    assert "in-the-open" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a list\n",
        "hooks: []\n",
        "hooks: 3\n",
        "hooks: !!python/object/apply:os.system ['true']\n",
        "other: 1\nhooks: []\n",
        "hooks:\n"
        "- {name: a, url: 'https://a/', secret_env: HOOK}\n"
        "- {name: a, url: 'https://b/', secret_env: HOOK}\n",
    ],
)
def test_a_file_that_is_no_list_of_hooks_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_hooks(written(tmp_path, text))
    assert refused.value.code == "bad_hooks"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_hooks(tmp_path / "none.yaml")
