"""Hostile values in every field of every request: nothing outside is read, nobody is called."""

import asyncio
import contextlib
import logging
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from libs.common.logs import JsonLines, Terminal
from tests.gateway_app import app, rest

__all__ = ["app", "rest"]

SECRET = "root-of-all-secrets"
NOBODY_S = 0.3
PLAIN = {"integer": 1, "number": 0.5, "boolean": True, "string": "logos"}
ANSWERED = 500
AWAY = 503  # a service that would answer is not there

opened: list[str] | None = None


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if opened is not None and event == "open" and isinstance(arguments[0], str | bytes):
        opened.append(os.path.realpath(os.fsdecode(arguments[0])))


sys.addaudithook(_note)


@contextlib.contextmanager
def openings() -> Iterator[list[str]]:
    """Every file that is opened meanwhile, links resolved."""
    global opened  # noqa: PLW0603 - an audit hook cannot be taken away
    opened = []
    try:
        yield opened
    finally:
        opened = None


@pytest.fixture
def secret(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Path:
    """Beside the roots, and linked to from inside."""
    folder = tmp_path_factory.mktemp("outside")
    for name in ("data.yaml", "a.pt", "a.txt", "predictions.json"):
        (folder / name).write_text(f"names: [{SECRET}]\n")
    (tmp_path / "link").symlink_to(folder)
    return folder


def bodies(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Method, path, schema and all schemas, of each route that takes JSON."""
    document = app.openapi()
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            content = route.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                yield method, path, content["application/json"]["schema"], schemas


def example(  # noqa: PLR0911 - one for each kind
    schema: dict[str, Any], schemas: dict[str, Any], attack: str | None = None
) -> Any:
    """The least that fits a schema; with `attack` every field, and each string is that."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, attack)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return example(schema[several][0], schemas, attack)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        wanted = schema.get("properties", {}) if attack else {}
        required = set(schema.get("required", ()))
        return {
            name: example(each, schemas, attack)
            for name, each in schema.get("properties", {}).items()
            if name in required or name in wanted
        }
    if kind == "array":
        return [example(schema.get("items", {}), schemas, attack)]
    if kind == "string":
        return attack or PLAIN["string"]
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    return PLAIN.get(str(kind)) if least is None else least


def fields(body: Any, attack: str) -> Iterator[Any]:
    """`body` with one string at a time replaced."""
    if isinstance(body, dict):
        for name, value in body.items():
            for changed in fields(value, attack):
                yield body | {name: changed}
    elif isinstance(body, list):
        for value in body:
            for changed in fields(value, attack):
                yield [changed]
    elif isinstance(body, str):
        yield attack


async def each_answer(app: FastAPI, rest: AsyncClient, attack: str) -> AsyncIterator[Any]:
    """Of every route: an attack in one field at a time of its body, and in its address."""
    asynchronous = {"Prefer": "respond-async"}
    for method, path, schema, schemas in bodies(app):
        url = f"http://localhost{re.sub(r'{[^}]*}', 'x', path)}"
        whole = example(schema, schemas, "logos")
        for body in [*fields(whole, attack), *fields(example(schema, schemas), attack)]:
            yield await rest.request(method, url, json=body, headers=asynchronous)
    for path, methods in app.openapi()["paths"].items():
        if "get" in methods and "{" in path:
            url = re.sub(r"{[^}]*}", quote(attack, safe=""), path)
            yield await rest.get(f"http://localhost{url}")


@pytest.mark.parametrize(
    "attack",
    ["{secret}/a.pt", "{up}", "link", "logos/../link/data.yaml"],
)
async def test_no_field_of_a_request_reads_outside_the_roots(
    app: FastAPI, rest: AsyncClient, secret: Path, attack: str
) -> None:
    text = attack.replace("{secret}", str(secret)).replace("{up}", f"../{secret.name}/a.pt")
    answers = Counter[int]()
    with openings() as seen:
        async for answer in each_answer(app, rest, text):
            answers[answer.status_code] += 1
            assert answer.status_code < ANSWERED or answer.status_code == AWAY, answer.text
            assert SECRET not in answer.text
    assert answers[404] + answers[422] > 60, answers  # understood, and refused
    assert answers[404] > 20, answers
    assert not [path for path in seen if path.startswith(str(secret))]


async def test_no_field_of_a_request_makes_the_server_call_somewhere(
    app: FastAPI, rest: AsyncClient
) -> None:
    called = []

    async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append(writer.get_extra_info("peername"))
        writer.close()

    async with await asyncio.start_server(note, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for attack in (f"http://127.0.0.1:{port}/x.pt", f"s3://127.0.0.1:{port}/x"):
            async for answer in each_answer(app, rest, attack):
                assert answer.status_code < ANSWERED or answer.status_code == AWAY, answer.text
        await asyncio.sleep(NOBODY_S)
    assert called == []


@pytest.mark.parametrize("name", ["a%0d%0aSet-Cookie:%20x=1", "a%0aX-Forged:%201", "a%00b"])
async def test_a_name_with_line_ends_forges_no_header(rest: AsyncClient, name: str) -> None:
    artifact = f"/artifacts/validations/{name}/report.json"
    for path in (artifact, f"/datasets/{name}", f"/models/{name}/info"):
        answer = await rest.get(path, headers={"Origin": "http://localhost"})
        assert 400 <= answer.status_code < ANSWERED
        assert not {"set-cookie", "x-forged"} & {header.lower() for header in answer.headers}


@pytest.mark.parametrize("formatter", [JsonLines(), Terminal()])
def test_a_field_with_line_ends_is_one_line_of_the_log(formatter: logging.Formatter) -> None:
    record = logging.makeLogRecord(
        {"msg": "a phrase", "levelno": logging.INFO, "levelname": "INFO"}
    )
    record.path = "/x\n12:00:00 info    all is well\r\x1b[2Jgone\u2028end"
    line = formatter.format(record)
    assert len(re.split("[\n\r]", line)) == 1
    assert "\x1b" not in line
