"""Services of `deploy/compose.yml` as plain processes: their commands, environments and mounts.

    unshare -Urmn python -m tests.composed FOLDER SERVICE…

Run in namespaces of its own: a root that nobody can write to, with the source at /app, and for each
service what compose mounts where compose mounts it; host names are addresses of the loopback. It
starts each service once those that it depends on are healthy, asks for health as compose does, says
`ready`, and answers each line on its input, a request as JSON, with the gateway's answer.
"""

import json
import os
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yml").read_text("utf-8"))["services"]
HEALTHY_S = 90.0
CHROOT = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin") or "chroot"
PREFIX = Path(sys.prefix)
PREFIX_THERE = Path("/app", PREFIX.relative_to(ROOT)) if PREFIX.is_relative_to(ROOT) else PREFIX
"""Where Python's packages are in there: under /app like all of ours, for /tmp is another there."""
FOUND = ("/usr", "/bin", "/lib", "/lib64", "/etc", "/proc", "/dev", "/sys")


def mount(*arguments: str) -> None:
    subprocess.run(["/bin/mount", *arguments], check=True)


def lay_out(folder: Path) -> Path:
    """A root of its own, on which only the mounts of services can be written."""
    root = folder / "root"
    root.mkdir()
    mount("-t", "tmpfs", "none", str(root))
    for name in ("app", "state", "secrets", "ca", "tls", "data", "tmp"):
        (root / name).mkdir()
    pythons = {sys.base_prefix} if PREFIX.is_relative_to(ROOT) else {sys.prefix, sys.base_prefix}
    for source in (*FOUND, *sorted(pythons)):
        target = root / source.lstrip("/")
        if Path(source).is_symlink():
            target.symlink_to(os.readlink(source))  # noqa: PTH115
        elif Path(source).exists():
            target.mkdir(parents=True, exist_ok=True)
            mount("--rbind", source, str(target))
    mount("--bind", str(ROOT), str(root / "app"))
    mount("-o", "remount,bind,ro", str(root / "app"))
    hosts = folder / "hosts"
    names = enumerate((str(each.get("hostname")) for each in COMPOSE.values()), 2)
    hosts.write_text(
        "".join(f"127.0.0.{n} {name}\n" for n, name in names) + "127.0.0.1 localhost\n"
    )
    mount("--bind", str(hosts), str(root / "etc/hosts"))
    mount("--bind", str(hosts), "/etc/hosts")
    mount("-o", "remount,ro", str(root))
    return root


def environment(service: dict[str, Any], folder: Path) -> dict[str, str]:
    """What compose gives it, and where Python is here."""
    told = {"PATH": f"{PREFIX_THERE}/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    for file in service.get("env_file", ()):
        lines = Path(placed(file, folder)).read_text("utf-8").splitlines()
        told |= dict(line.split("=", 1) for line in lines)
    return told


def placed(text: str, folder: Path) -> str:
    """With compose's variables filled in."""
    text = text.replace("${SHIRUSHI_CONTAINED:-./contained}", str(folder))
    return text.replace("${SHIRUSHI_DATA:-./data}", str(folder / "data"))


class Service:
    """One of them."""

    def __init__(self, name: str, folder: Path, root: Path) -> None:
        self.name, self.about, self.root = name, COMPOSE[name], root
        self.env = environment(self.about, folder)
        steps = [f"mount -t tmpfs none {root}/tmp"]
        for volume in self.about["volumes"]:
            source, target, *how = placed(volume, folder).split(":")
            steps.append(f"mount --bind {source} {root}{target}")
            if how:
                steps.append(f"mount -o remount,bind,{how[0]} {root}{target}")
        steps.append(f'cd {root} && exec {CHROOT} {root} /usr/bin/env -C /app "$@"')
        self.command = ["unshare", "-m", "sh", "-ec", "; ".join(steps), "sh"]
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [*self.command, *self.about["command"]],
                env=self.env,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def healthy(self) -> None:
        """Return once its health check says so, run beside it as an engine does."""
        check = self.about.get("healthcheck", {}).get("test") or default_check(self.name)
        assert self.process
        inside = ["nsenter", "-m", "-t", str(self.process.pid), CHROOT, str(self.root)]
        command = [*inside, "/usr/bin/env", "-C", "/app", *check[1:]]
        deadline = time.monotonic() + HEALTHY_S
        while subprocess.run(command, env=self.env, check=False, capture_output=True).returncode:
            gone = self.process.poll() is not None
            if gone or time.monotonic() > deadline:
                told = self.log.read_text(errors="replace")[-3000:]
                raise SystemExit(f"{self.name} {'ended' if gone else 'is not healthy'}:\n{told}")
            time.sleep(0.2)


def default_check(name: str) -> list[str]:
    """The HEALTHCHECK of the target of the same name in the Dockerfile."""
    target = COMPOSE[name]["build"]["target"]
    text = (ROOT / "deploy/Dockerfile").read_text("utf-8")
    stage = next(part for part in text.split("\nFROM ") if f" AS {target}\n" in part)
    line = next(each for each in stage.splitlines() if each.startswith("HEALTHCHECK"))
    return ["CMD", *json.loads(line.split(" CMD ", 1)[1])]


def asked(line: str, folder: Path) -> dict[str, Any]:
    """The gateway's answer to `{"method", "path", "body"}`, by the operator's token."""
    order = json.loads(line)
    token = (folder / "token/operator").read_text()
    body = json.dumps(order["body"]).encode() if order.get("body") else None
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    address = f"https://gateway:8000{order['path']}"
    request = urllib.request.Request(address, body, headers, method=order["method"])
    trust = ssl.create_default_context(cafile=str(folder / "ca/ca.pem"))
    try:
        with urllib.request.urlopen(request, context=trust, timeout=60) as answer:  # noqa: S310
            return {"status": answer.status, "body": answer.read().decode()}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode()}


def main() -> None:
    folder = Path(sys.argv[1])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    root = lay_out(folder)
    services = [Service(name, folder, root) for name in sys.argv[2:]]
    try:
        for service in services:
            service.start()
            if service.name in ("nats", "store", "setup"):
                service.healthy()
        for service in services:
            service.healthy()
        print("ready", flush=True)
        for line in sys.stdin:
            print(json.dumps(asked(line, folder)), flush=True)
    finally:
        for service in reversed(services):
            if service.process and service.name in ("nats", "store"):
                service.process.kill()  # the store says farewell for as long as somebody is there
            elif service.process:
                service.process.terminate()
                service.process.wait(30)


if __name__ == "__main__":
    main()
