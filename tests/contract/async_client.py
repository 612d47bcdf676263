"""Write the async client from the sync one: `python -m tests.contract.async_client`.

The sync sources say everything; this turns each call that waits into one that is awaited, and
imports what does not wait from where it is. `libs/client/aio` is never edited by hand; a test
tells when it is old.
"""

import ast
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = ROOT / "libs/client"
NOTE = "Made from `{source}` by `python -m tests.contract.async_client`."
AREAS = sorted(f"calls/{path.stem}" for path in HERE.glob("calls/[a-z]*.py"))
SOURCES = ("transport", "stream", *AREAS, "client")
RENAMED = {
    "Client": "AsyncClient",
    "Transport": "AsyncTransport",
    "BaseTransport": "AsyncBaseTransport",
    "__enter__": "__aenter__",
    "__exit__": "__aexit__",
}
WAITING = {
    ("_transport", "send"): "send",
    ("_transport", "stream_to"): "stream_to",
    ("_transport", "close"): "close",
    ("_http", "request"): "request",
    ("_http", "close"): "aclose",
    ("response", "read"): "aread",
    ("socket", "recv"): "recv",
    ("time", "sleep"): "sleep",
}
"""Calls that wait, by the last two words of what is called, and what is awaited instead."""
STREAMED = {"iter_bytes": "aiter_bytes"}
OPENED = ("stream", "_open")
MODULES = {"websockets.sync.client": "websockets.asyncio.client"}


@dataclass
class Known:
    """Functions and methods by name: those that wait, and those that give many things."""

    awaited: set[str] = field(default_factory=set)
    streams: set[str] = field(default_factory=set)


def words(node: ast.expr) -> tuple[str, str]:
    """The last two words of what is called: `self._http.request` gives `_http`, `request`."""
    if isinstance(node, ast.Name):
        return "", node.id
    if isinstance(node, ast.Attribute):
        before = node.value
        own = before.attr if isinstance(before, ast.Attribute) else getattr(before, "id", "")
        return own, node.attr
    return "", ""


def own_call(node: ast.AST, names: set[str]) -> bool:
    """Whether it is `self.name(…)` or `name(…)`."""
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if isinstance(called, ast.Attribute):
        owner = called.value
        return called.attr in names and isinstance(owner, ast.Name) and owner.id == "self"
    return isinstance(called, ast.Name) and called.id in names


def waits(node: ast.AST, known: Known) -> bool:
    """Whether something below waits."""
    return any(
        isinstance(each, ast.Call)
        and (
            words(each.func) in WAITING
            or words(each.func)[1] in {*STREAMED, "stream"}
            or own_call(each, known.awaited)
            or own_call(each, known.streams)
        )
        for each in ast.walk(node)
    )


def learn(trees: list[ast.Module]) -> Known:
    """What waits, through any number of calls."""
    known, before = Known(), -1
    functions = [
        each for tree in trees for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)
    ]
    while before != len(known.awaited) + len(known.streams):
        before = len(known.awaited) + len(known.streams)
        for each in functions:
            if not waits(each, known):
                continue
            given = ast.unparse(each.returns) if each.returns else ""
            (known.streams if given.startswith("Iterator") else known.awaited).add(each.name)
    return known


class Awaited(ast.NodeTransformer):
    """One definition, turned."""

    def __init__(self, known: Known) -> None:
        self.known = known

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Wait, or give one thing after another."""
        yields = any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(node))
        inner = {each for each in node.body if isinstance(each, ast.FunctionDef)}
        turned = node.name in self.known.awaited | self.known.streams or node.name in RENAMED
        self.generic_visit(node)
        node.name = RENAMED.get(node.name, node.name)
        if node.name == "_open":
            node.returns = ast.Name("connect")
        if node.name in self.known.streams and node.returns:
            many = ast.unparse(node.returns).removeprefix("Iterator[").removesuffix("]")
            node.returns = ast.parse(f"AsyncGenerator[{many}, None]", mode="eval").body
        if not turned or node in inner or (node.name in self.known.streams and not yields):
            return node
        fields = {name: getattr(node, name) for name in node._fields}
        return ast.AsyncFunctionDef(**fields)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Await what waits."""
        pair, own = words(node.func), own_call(node, self.known.awaited)
        self.generic_visit(node)
        if pair in WAITING:
            assert isinstance(node.func, ast.Attribute)
            node.func.attr = WAITING[pair]
            if pair == ("time", "sleep"):
                node.func = ast.parse("asyncio.sleep", mode="eval").body
            if pair == ("socket", "recv"):
                node.keywords = []  # the library's own pings tell when the line is dead
        elif pair[1] in STREAMED:
            assert isinstance(node.func, ast.Attribute)
            node.func.attr = STREAMED[pair[1]]
            return node
        elif not own:
            return node
        return ast.Await(node)

    def visit_For(self, node: ast.For) -> ast.AST:
        """One thing after another, as each comes."""
        turned = own_call(node.iter, self.known.streams) or (
            isinstance(node.iter, ast.Call) and words(node.iter.func)[1] in STREAMED
        )
        self.generic_visit(node)
        fields = {name: getattr(node, name) for name in node._fields}
        return ast.AsyncFor(**fields) if turned else node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """`yield from` is a loop there."""
        if not isinstance(node.value, ast.YieldFrom):
            self.generic_visit(node)
            return node
        each = ast.Expr(ast.Yield(ast.Name("each")))
        return self.visit_For(ast.For(ast.Name("each"), node.value.value, [each], []))

    def visit_With(self, node: ast.With) -> ast.AST:
        """A connection is opened by waiting."""
        call = node.items[0].context_expr
        turned = isinstance(call, ast.Call) and words(call.func)[1] in OPENED
        self.generic_visit(node)
        fields = {name: getattr(node, name) for name in node._fields}
        return ast.AsyncWith(**fields) if turned else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`httpx.Client` has an async twin."""
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "httpx":
            node.attr = RENAMED.get(node.attr, node.attr)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Our own classes have one, too."""
        node.id = RENAMED.get(node.id, node.id)
        return node


def turned(source: str, tree: ast.Module, known: Known) -> str:
    """One file of the async client: what waits is turned, the rest is imported."""
    kept: list[ast.stmt] = []
    shared: list[str] = []
    for each in tree.body[1:]:
        if isinstance(each, ast.Import | ast.ImportFrom):
            kept += moved(each)
        elif isinstance(each, ast.FunctionDef | ast.ClassDef):
            if waits(each, known) or each.name in {"Client", *OPENED}:
                each.name = RENAMED.get(each.name, each.name)
                kept.append(Awaited(known).visit(each))
            else:
                shared.append(each.name)
        elif isinstance(each, ast.Assign):
            leaves = (leaf for target in each.targets for leaf in ast.walk(target))
            shared += [leaf.id for leaf in leaves if isinstance(leaf, ast.Name)]
    module = f"libs.client.{source.replace('/', '.')}"
    if shared:
        kept.insert(0, ast.ImportFrom(module, [ast.alias(name) for name in shared], 0))
    wanted = ("import asyncio", "from collections.abc import AsyncGenerator")
    body = ast.Module([*(ast.parse(line).body[0] for line in wanted), *kept], [])
    note = NOTE.format(source=f"libs/client/{source}.py")
    text = ast.unparse(ast.fix_missing_locations(body))
    return f'"""{ast.get_docstring(tree)}\n\n{note}\n"""\n\n{text}\n'


def moved(node: ast.Import | ast.ImportFrom) -> list[ast.stmt]:
    """The same from the async side, where there is one; `follow` waits, and so do our classes."""
    if not isinstance(node, ast.ImportFrom) or not node.module:
        return [node]
    node.module = MODULES.get(node.module, node.module)
    below = node.module.removeprefix("libs.client.")
    if below.replace(".", "/") not in SOURCES:
        return [node]
    waiting = [
        each
        for each in node.names
        if each.name not in SHARED and (each.name[0].isupper() or each.name == "follow")
    ]
    plain = [each for each in node.names if each not in waiting]
    for each in waiting:
        each.name = RENAMED.get(each.name, each.name)
    both = ((node.module, plain), (f"libs.client.aio.{below}", waiting))
    return [ast.ImportFrom(module, names, 0) for module, names in both if names]


SHARED = {"Json", "T", "OnProgress", "Frame", "IDEMPOTENCY_KEY"}
"""Names that both clients use as they are."""


def write(folder: Path) -> None:
    """Write the whole package into `folder`."""
    trees = {name: ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8")) for name in SOURCES}
    known = learn(list(trees.values()))
    for name, tree in trees.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(turned(name, tree, known), encoding="utf-8")
    (folder / "__init__.py").write_text('"""The client for asyncio, made from the other one."""\n')
    (folder / "calls/__init__.py").write_text('"""The routes, an area a file."""\n')
    ruff = [sys.executable, "-m", "ruff"]
    rules = ["--fix-only", "--unsafe-fixes", "--select", "I,F401,RUF100", "--quiet"]
    config = ["--config", str(ROOT / "pyproject.toml")]
    subprocess.run([*ruff, "check", *rules, *config, str(folder)], check=True)
    subprocess.run([*ruff, "format", "--quiet", *config, str(folder)], check=True)


if __name__ == "__main__":
    write(HERE / "aio")
