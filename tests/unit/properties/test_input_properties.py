"""Whatever comes from outside is read or refused with a sentence: no crash, no way out."""

import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.artifacts import checked_key
from libs.common.data_yaml import read_data_yaml
from libs.common.errors import BadInput, NotFound, ShirushiError
from libs.common.safe_yaml import YamlFile, read_mapping
from services.dataset.domain.labels import parse_label
from services.dataset.zips import unpack
from services.gateway.ledger import Ledger
from services.gateway.resolve import Resolver
from services.gateway.settings import GatewaySettings

PIECES = (
    *("..", ".", "", "~", "/", "//", "\\", "\x00", "\n", "%2e%2e", "etc", "passwd", "proc"),
    *("self", "root", "logos", "images", "out", "data.yaml", "model.pt", "C:", "s3:", "file:"),
    *("http:", "@", "v1", "a.jpg", "\u202e", "\ud800", "x" * 300, "secret", "$HOME", "*", "|ls"),
)
PATHS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).flatmap(
    lambda parts: st.sampled_from(["/", "", "\\"]).map(lambda between: between.join(parts))
)
LABELS = st.lists(
    st.lists(
        st.one_of(
            st.integers(-3, 10**20).map(str),
            st.floats().map(str),
            st.sampled_from(
                ["0", "1", "0.5", "nan", "inf", "1e999", "0x1", "½", "-0", "a", "\x00"]
            ),
        ),
        max_size=12,
    ).map(" ".join),
    max_size=8,
).map("\n".join)
YAMLS = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                *("names: [a, b]", "names: {0: a, x: b}", "nc: 2", "nc: yes", "path: /etc"),
                *("train: ../../etc", "train: [images, 1, null]", "val: !!python/name:os.system"),
                *("a: &a [*a]", "names: *nobody", "<<: {a: 1}", "download: rm -rf", "- x", "? [x]"),
                *("names: 2026-01-01", "path: 1e400", "\t- a", "names: !!binary zzz", "%YAML 9"),
                *("x: !!set {a}", "0o9: 0x_", "train: \x00", "names: [[[[[[]]]]]]", "---"),
            ]
        ),
        max_size=6,
    ).map("\n".join),
)

opened: list[str] | None = None


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if opened is not None and event == "open" and isinstance(arguments[0], str | bytes):
        opened.append(os.fsdecode(arguments[0]))


sys.addaudithook(_note)


@contextmanager
def openings() -> Iterator[list[str]]:
    """Every file that Python opens meanwhile."""
    global opened  # noqa: PLW0603 - an audit hook cannot be taken away
    opened = []
    try:
        yield opened
    finally:
        opened = None


@given(st.one_of(st.binary(max_size=300), LABELS.map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_are_a_label_file_with_a_verdict(raw: bytes) -> None:
    found = parse_label(raw, 3)
    assert found.boxes.shape == (len(found.lines), 5)
    assert np.isfinite(found.boxes).all()
    if found.dropped is None:
        assert not len(found.boxes) or set(found.boxes[:, 0]) <= {0.0, 1.0, 2.0}
        assert not len(found.boxes) or (found.boxes[:, 1:] >= -0.01).all()


@given(YAMLS)
def test_any_text_is_a_yaml_of_plain_values_or_has_a_problem(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "data.yaml"
        file.write_text(text, encoding="utf-8", errors="replace")
        found = YamlFile(file)
        mapping = read_mapping(found)
        assert mapping is not None or found.problems
        read_data_yaml(file)


@pytest.fixture(scope="module")
def resolver(tmp_path_factory: pytest.TempPathFactory) -> Resolver:
    top = tmp_path_factory.mktemp("paths")
    root = top / "root"
    (root / "logos" / "images").mkdir(parents=True)
    (root / "logos" / "data.yaml").write_text("names: [a]\n")
    (root / "model.pt").write_bytes(b"weights")
    (top / "secret").mkdir()
    (top / "secret" / "data.yaml").write_text("names: [a]\n")
    (top / "secret" / "a.jpg").write_text("x")
    (root / "out").symlink_to(top / "secret")
    (root / "a.jpg").symlink_to(top / "secret" / "a.jpg")
    settings = GatewaySettings(home=top / "home", roots=(root,), models_dir=top / "models")
    return Resolver(Ledger(), settings)


@given(text=PATHS)
def test_no_text_leads_out_of_the_roots_and_nothing_outside_is_opened(
    resolver: Resolver, text: str
) -> None:
    root = str(resolver.settings.roots[0].resolve())
    resolvers = (resolver.dataset, resolver.model, resolver.predictions, resolver.image)
    with openings() as seen:
        for resolve in resolvers:
            with suppress(NotFound, BadInput, ShirushiError):
                answer = resolve(text)
                path = answer if isinstance(answer, Path) else getattr(answer, "path", None)
                if path:
                    real = os.path.realpath(path)
                    assert real == root or real.startswith(root + "/")
    assert not [each for each in seen if "secret" in os.path.realpath(each) or "/etc" in each]


@given(PATHS)
def test_an_artifact_key_stays_in_its_place(text: str) -> None:
    try:
        key = checked_key(text)
    except BadInput:
        return
    assert not PurePosixPath(key).is_absolute()
    assert os.path.normpath(f"/top/{key}").startswith("/top/") or key == "."


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """A ZIP of hostile names, damaged here and there."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for _ in range(draw(st.integers(0, 5))):
            name = draw(
                st.one_of(PATHS, st.sampled_from(["a.jpg", "a.jpg/b.jpg", "data.yaml", "l/a.txt"]))
            )
            member = zipfile.ZipInfo(name.encode("utf-8", "replace").decode() or "x")
            member.external_attr = draw(st.sampled_from([0, 0o120777 << 16, 0o100644 << 16]))
            member.compress_type = draw(
                st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
            )
            with suppress(ValueError, UserWarning):
                archive.writestr(member, draw(st.binary(max_size=40)))
    raw = bytearray(data.getvalue())
    for _ in range(draw(st.integers(0, 3))):
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    return bytes(raw[: draw(st.integers(0, len(raw)))] if draw(st.booleans()) else raw)


@given(archives())
def test_any_archive_is_unpacked_inside_its_folder_or_refused(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        (top / "a.zip").write_bytes(raw)
        folder = top / "deep" / "out"
        folder.mkdir(parents=True)
        with suppress(BadInput):
            unpack(top / "a.zip", folder)
        found = {path.relative_to(top).as_posix() for path in top.rglob("*")}
        ours = {"a.zip", "deep", "deep/out"}
        assert all(each.startswith("deep/out/") for each in found - ours)
        assert not [path for path in folder.rglob("*") if path.is_symlink()]
