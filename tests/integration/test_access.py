"""Who may call the gateway and what is told about it, on a real bus, store and socket."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import websockets
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from httpx import ASGITransport, AsyncClient
from starlette.responses import JSONResponse
from websockets.typing import Origin

from libs.common import tokens
from libs.common.bus import Bus
from libs.common.errors import PermanentError
from libs.common.events import AuditChanged, AuditRefused
from libs.common.settings import Settings
from services.gateway.access.identity import Refused
from services.gateway.access.oidc import Provider
from services.gateway.app import ROUTES, create_app
from services.gateway.audit import Audit
from services.gateway.routes import system
from services.gateway.settings import GatewaySettings
from tests.gateway_app import BASE, serving

TRAIN = {"dataset_path": "nowhere"}


@pytest.fixture
def fields(settings: Settings, tmp_path: Path) -> dict[str, Any]:
    return settings.model_dump() | {"ui_dir": tmp_path / "ui", "auth": "required"}


@pytest.fixture
def book(settings: Settings) -> Path:
    return settings.home / tokens.FILE


@pytest.fixture
async def app(fields: dict[str, Any], bus: Bus) -> AsyncIterator[FastAPI]:
    made = create_app(GatewaySettings.model_validate(fields))
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def rest(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://localhost") as client:
        yield client


def every_route() -> list[tuple[str, APIRoute | APIWebSocketRoute]]:
    """All of the API, with their whole paths."""
    routers = [(BASE, module.router) for module in ROUTES] + [("", system.root)]
    found = [
        (prefix + route.path, route)
        for prefix, router in routers
        for route in router.routes
        if isinstance(route, APIRoute | APIWebSocketRoute)
    ]
    assert len(found) > 60
    return found


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


async def test_nothing_but_the_page_and_the_documents_is_served_to_strangers(
    rest: AsyncClient,
) -> None:
    asked = 0
    for path, route in every_route():
        if isinstance(route, APIRoute) and route.name not in {"sign_in", "healthz", "readyz"}:
            for method in (route.methods or set()) - {"HEAD"}:
                answer = await rest.request(method, path.replace("{", "").replace("}", ""))
                assert answer.status_code == 401, (method, path)
                assert answer.headers["www-authenticate"].startswith("Bearer")
                asked += 1
    assert asked > 60
    assert (await rest.get("/metrics")).status_code == 401
    for public in ("/healthz", "/readyz", "/openapi.json", "/asyncapi.json", "/docs"):
        assert (await rest.get(public)).status_code != 401


def test_every_route_declares_exactly_one_scope() -> None:
    for path, route in every_route():
        if route.name in {"sign_in", "healthz", "readyz"}:
            continue
        scopes = [
            each.dependency.scope  # type: ignore[union-attr]  # `needs` has put it there
            for each in route.dependencies
            if hasattr(each.dependency, "scope")
        ]
        assert len(scopes) == 1, f"{path}: declare READ, RUN or ADMIN beside it"
        if isinstance(route, APIRoute) and "DELETE" in (route.methods or ()):
            assert scopes == ["admin"] or route.name == "sign_out"


async def test_a_token_opens_what_its_scope_covers(rest: AsyncClient, book: Path) -> None:
    read, run, admin = (tokens.create(book, scope, scope, None)[1] for scope in tokens.SCOPES)
    assert (await rest.get(f"{BASE}/session", headers=bearer(read))).json()["scope"] == "read"
    start = f"{BASE}/training/start"
    assert (await rest.post(start, json=TRAIN, headers=bearer(read))).status_code == 403
    assert (await rest.post(start, json=TRAIN, headers=bearer(run))).status_code == 422
    gone = f"{BASE}/datasets/nothing"
    assert (await rest.delete(gone, headers=bearer(run))).status_code == 403
    assert (await rest.delete(gone, headers=bearer(admin))).status_code == 404


async def test_a_revoked_an_expired_and_a_changed_token_open_nothing(
    rest: AsyncClient, book: Path
) -> None:
    kept, text = tokens.create(book, "ci", "run", 1)
    assert (await rest.get(f"{BASE}/status", headers=bearer(text))).status_code == 200
    assert (await rest.get(f"{BASE}/status", headers=bearer(text[:-1] + "!"))).status_code == 401
    other = text[:-1] + ("a" if text[-1] != "a" else "b")
    assert (await rest.get(f"{BASE}/status", headers=bearer(other))).status_code == 401
    tokens.revoke(book, kept.id)
    async with asyncio.timeout(10):
        while (await rest.get(f"{BASE}/status", headers=bearer(text))).status_code != 401:
            await asyncio.sleep(0.05)


def test_a_token_past_its_day_is_not_active(tmp_path: Path) -> None:
    kept, _ = tokens.create(tmp_path / tokens.FILE, "ci", "run", 1)
    assert kept.active(kept.until.replace(year=kept.until.year - 1))
    assert not kept.active(kept.until)


def test_the_file_holds_no_secret_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / tokens.FILE
    _, text = tokens.create(path, "ci", "run", None)
    secret = tokens.parts(text)
    assert secret is not None
    assert secret[1] not in path.read_text()
    assert "argon2id" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_guessing_is_slowed_down_and_told(rest: AsyncClient, book: Path, bus: Bus) -> None:
    _, text = tokens.create(book, "ci", "read", None)
    wrong = [
        (await rest.get(f"{BASE}/status", headers=bearer(f"shi_{number:012x}_{'x' * 32}")))
        for number in range(12)
    ]
    assert [each.status_code for each in wrong] == [401] * 10 + [429] * 2
    assert int(wrong[-1].headers["retry-after"]) >= 1
    assert (await rest.get(f"{BASE}/status", headers=bearer(text))).status_code == 429
    async with asyncio.timeout(10):
        while len(told := await bus.read("evt.audit.refused.v1.*")) < 12:
            await asyncio.sleep(0.02)
    assert all(isinstance(each.event, AuditRefused) for each in told)
    assert not any(text in each.event.model_dump_json() for each in told)


def test_whoever_shows_wrong_credentials_cannot_fill_the_log() -> None:
    audit = Audit()
    for number in range(5000):
        audit.refused("/x" * 500, 401, f"10.0.{number % 50}.1", "wrong")
    told = [audit._waiting.get_nowait() for _ in range(audit._waiting.qsize())]
    assert 150 <= len(told) <= 250
    audit._of_all, audit._of_one = (type(audit._of_all)(1, 1) for _ in range(2))
    audit.refused("/x", 401, "10.0.0.1", "wrong")
    last = audit._waiting.get_nowait()
    assert isinstance(last, AuditRefused)
    assert f"{5000 - len(told)} more" in last.reason


async def test_each_change_is_told_with_who_asked(rest: AsyncClient, book: Path, bus: Bus) -> None:
    kept, text = tokens.create(book, "night build", "run", None)
    await rest.get(f"{BASE}/status", headers=bearer(text))
    await rest.post(f"{BASE}/training/start", json=TRAIN, headers=bearer(text))
    async with asyncio.timeout(10):
        while not (told := await bus.read("evt.audit.changed.v1.*")):
            await asyncio.sleep(0.02)
    [record] = told
    assert isinstance(record.event, AuditChanged)
    assert (record.event.who, record.event.token_id) == ("night build", kept.id)
    assert (record.event.method, record.event.status) == ("POST", 422)
    assert text not in record.event.model_dump_json()


async def test_a_browser_signs_in_and_changes_nothing_without_the_word(
    rest: AsyncClient, book: Path
) -> None:
    kept, text = tokens.create(book, "mari", "run", None)
    assert (await rest.post(f"{BASE}/session", json={"token": "shi_no"})).status_code == 401
    signed = await rest.post(f"{BASE}/session", json={"token": text})
    assert signed.json()["who"] == "mari"
    cookie = next(c for c in signed.headers.get_list("set-cookie") if "shirushi_session" in c)
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert text not in cookie
    assert (await rest.get(f"{BASE}/status")).status_code == 200
    start = f"{BASE}/training/start"
    assert (await rest.post(start, json=TRAIN)).status_code == 403
    word = {"X-CSRF-Token": rest.cookies["shirushi_csrf"]}
    assert (await rest.post(start, json=TRAIN, headers=word)).status_code == 422
    elsewhere = word | {"Origin": "https://evil.example"}
    assert (await rest.post(start, json=TRAIN, headers=elsewhere)).status_code == 403
    tokens.revoke(book, kept.id)
    async with asyncio.timeout(10):
        while (await rest.get(f"{BASE}/status")).status_code != 401:
            await asyncio.sleep(0.05)


async def test_a_forged_session_is_none(rest: AsyncClient) -> None:
    for forged in ("x", "W10.abc.def", "." * 5000):
        rest.cookies.set("shirushi_session", forged, domain="localhost.local")
        answer = await rest.get(f"{BASE}/status", headers={"Cookie": f"shirushi_session={forged}"})
        assert answer.status_code == 401


async def test_too_many_requests_are_answered_429(fields: dict[str, Any], bus: Bus) -> None:
    assert bus.connected
    settings = GatewaySettings.model_validate(fields | {"requests_per_s": 1.0})
    _, text = tokens.create(settings.home / tokens.FILE, "loop", "read", None)
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://localhost") as client,
    ):
        codes = [
            (await client.get(f"{BASE}/session", headers=bearer(text))).status_code
            for _ in range(8)
        ]
    assert codes.count(429) >= 2
    assert codes[:4] == [200] * 4


async def test_a_full_queue_refuses_and_loses_nothing(fields: dict[str, Any], bus: Bus) -> None:
    assert bus.connected
    folder = fields["roots"][0] / "logos"
    folder.mkdir()
    (folder / "data.yaml").write_text("names: [a]\n")
    settings = GatewaySettings.model_validate(fields | {"auth": "open", "most_queued": 2})
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://localhost") as client,
    ):
        check = f"{BASE}/dataset/validate"
        later = {"Prefer": "respond-async"}
        answers = [
            await client.post(check, json={"dataset_path": "logos"}, headers=later)
            for _ in range(3)
        ]
    assert [each.status_code for each in answers] == [202, 202, 429]
    assert answers[2].headers["retry-after"]
    assert len(await bus.read("evt.dataset.requested.v1.*")) == 2


async def test_the_socket_asks_too_and_closes_when_the_token_ends(
    app: FastAPI, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.fanout.ALLOWED_S", 0.05)
    kept, text = tokens.create(book, "viewer", "read", None)
    async with serving(app) as address:
        url = f"ws://{address}{BASE}/ws"
        for headers in ({}, bearer("shi_no")):
            with pytest.raises(websockets.InvalidStatus):
                await websockets.connect(url, additional_headers=headers, proxy=None).__aenter__()
        with pytest.raises(websockets.InvalidStatus):
            await websockets.connect(
                url,
                additional_headers=bearer(text),
                origin=Origin("https://evil.example"),
                proxy=None,
            ).__aenter__()
        async with websockets.connect(url, additional_headers=bearer(text), proxy=None) as socket:
            tokens.revoke(book, kept.id)
            async with asyncio.timeout(10):
                await socket.wait_closed()
            assert socket.close_code == 4401


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"host": "0.0.0.0"}, "unsafe_bind"),  # noqa: S104 -- refused
        ({"host": "0.0.0.0", "auth": "required"}, "unsafe_bind"),  # noqa: S104 -- refused
        ({"tls_cert": "a.pem"}, "half_tls"),
        ({"oidc_issuer": "https://id"}, "half_oidc"),
    ],
)
def test_unsafe_settings_do_not_start(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(PermanentError) as refused:
        GatewaySettings(**changes)
    assert refused.value.code == code
    assert GatewaySettings(host="0.0.0.0", auth="required", behind_proxy=True)  # noqa: S104


async def test_a_bearer_of_the_provider_is_known_by_its_published_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    keys = JSONResponse({"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]})
    real = httpx.AsyncClient

    def client(**arguments: Any) -> httpx.AsyncClient:
        return real(transport=ASGITransport(keys), **arguments)

    monkeypatch.setattr(httpx, "AsyncClient", client)
    provider = Provider("https://id", "shirushi", "https://id/keys")
    claims = {
        "sub": "mari", "iss": "https://id", "aud": "shirushi", "exp": time.time() + 60,
        "scope": "openid shirushi:run shirushi:read",
    }  # fmt: skip
    told = await provider.identify(jwt.encode(claims, key, "RS256", headers={"kid": "one"}))
    assert (told.who, told.scope, told.way) == ("mari", "run", "oidc")
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for forged in (
        jwt.encode(claims, other, "RS256", headers={"kid": "one"}),
        jwt.encode(claims | {"aud": "else"}, key, "RS256", headers={"kid": "one"}),
        jwt.encode(claims | {"iss": "else"}, key, "RS256", headers={"kid": "one"}),
        jwt.encode(claims | {"exp": time.time() - 60}, key, "RS256", headers={"kid": "one"}),
        jwt.encode(claims, "s" * 32, "HS256", headers={"kid": "one"}),
        jwt.encode(claims, "", "none", headers={"kid": "one"}),
        jwt.encode(claims, key, "RS256", headers={"kid": "two"}),
    ):
        with pytest.raises(Refused) as refused:
            await provider.identify(forged)
        assert refused.value.status == 401
    without = jwt.encode(claims | {"scope": "openid"}, key, "RS256", headers={"kid": "one"})
    with pytest.raises(Refused) as refused:
        await provider.identify(without)
    assert refused.value.status == 403
