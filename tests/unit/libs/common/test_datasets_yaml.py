"""A data.yaml from anybody: each fault under its rule, nothing run, time and memory bounded."""

import time
from pathlib import Path

import pytest

from libs.common.data_yaml import DataYaml, read_data_yaml

HEAD = "train: t\nval: v\n"


def read(tmp_path: Path, text: str | bytes) -> DataYaml:
    file = tmp_path / "data.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_data_yaml(file)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "names: [a, b]\n",
        HEAD + "nc: 2\nnames: ['a', 'b']\ntest:\n",
        HEAD + "names:\n  0: a\n  1: b\n",
        HEAD + "names: {1: b, 0: a}\nnc: '2'\nroboflow: {version: 5}\n",
        "\ufeff# with a byte order mark\n" + HEAD + "names: [a, b]\n",
        "base: &x [t]\ntrain: *x\nval: v\nnames: [a, b]\n",
    ],
)
def test_what_is_in_order_stays_silent(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert not found.problems
    assert found.names == ("a", "b")
    assert found.splits == {"train": ("t",), "val": ("v",)}


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("yaml_syntax_error", "train: [a\nval: b\n"),
        ("yaml_tab_indent", "names:\n\t- a\n"),
        ("yaml_not_mapping", "- train\n- val\n"),
        ("yaml_empty", "# nothing here\n"),
        ("yaml_empty", ""),
        ("yaml_duplicate_key", HEAD + "names: [a]\nval: w\n"),
        ("yaml_unsafe_tag", HEAD + "names: !!python/object/apply:os.system ['touch /tmp/x']\n"),
        ("yaml_unsafe_tag", HEAD + "names: [a]\nx: !Custom 1\n"),
        ("yaml_non_utf8", HEAD.encode() + "names: [caf\xe9]\n".encode("latin-1")),
        ("yaml_non_utf8", (HEAD + "names: [a]\n").encode("utf-16")),
        ("train_missing", "val: v\nnames: [a]\n"),
        ("val_missing", "train: t\nnames: [a]\n"),
        ("val_key_misnamed", "train: t\nvalid: v\nnames: [a]\n"),
        ("nc_names_mismatch", HEAD + "nc: 3\nnames: [a]\n"),
        ("nc_not_integer", HEAD + "nc: two\nnames: [a]\n"),
        ("nc_not_integer", HEAD + "nc: 1.5\nnames: [a]\n"),
        ("names_and_nc_missing", HEAD),
        ("names_missing", HEAD + "nc: 2\n"),
        ("names_index_gap", HEAD + "names: {0: a, 2: b}\n"),
        ("names_index_gap", HEAD + "names: {1: a, 2: b}\n"),
        ("names_wrong_type", HEAD + "names: logo\n"),
        ("names_wrong_type", HEAD + "names: {a: 0}\n"),
        ("names_not_strings", HEAD + "names: [On, logo]\n"),
        ("names_duplicate", HEAD + "names: [a, b, a]\n"),
        ("names_empty_string", HEAD + "names: [a, '']\n"),
        ("yaml_download_code", HEAD + "names: [a]\ndownload: |\n  import os\n"),
    ],
)
def test_each_fault_is_named_by_its_rule(tmp_path: Path, rule: str, text: str | bytes) -> None:
    problems = read(tmp_path, text).problems
    assert [problem.rule for problem in problems] == [rule]
    assert problems[0].message.endswith(".")


def test_the_line_of_a_fault_is_told(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, HEAD + "names: [a]\nval: w\n").problems
    assert problem.line == 4
    assert "line 2" in problem.message


def test_nothing_in_a_yaml_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = f"open({str(mark)!r}, 'w')"
    read(tmp_path, f'{HEAD}names: !!python/object/apply:eval ["{code}"]\n')
    read(tmp_path, f"{HEAD}names: [a]\ndownload: |\n  {code}\n")
    assert not mark.exists()


def _laughs() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(lines) + "\n" + HEAD + "names: *a9\n"


@pytest.mark.parametrize(
    "text",
    [
        _laughs(),
        HEAD + "names: &n [a, *n]\n",
        "x: " + "[" * 20_000,
        HEAD + "names: " + "{a: " * 5_000,
        "x" * (300 * 1024),
        "\0\1\2",
        "date: 2026-99-99\n",
        HEAD + "names: [a]\nn: 0b" + "1" * 100_000 + "\n",
    ],
    ids=["laughs", "cycle", "deep", "deep maps", "large", "binary", "bad date", "huge number"],
)
def test_a_bomb_ends_quickly_in_a_clear_refusal_or_a_reading(tmp_path: Path, text: str) -> None:
    begin = time.monotonic()
    found = read(tmp_path, text)
    assert time.monotonic() - begin < 5
    assert found.problems or found.names == ("a",)
