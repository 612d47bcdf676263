"""What axe finds on a page of ours."""

from typing import Any

from playwright.sync_api import Page

from tests.conftest import ROOT

AXE = ROOT / "services/gateway/ui/node_modules/axe-core/axe.min.js"
RUN_AXE = "axe.run(document, {resultTypes: ['violations']})"
SERIOUS = {"serious", "critical"}


def complaints(page: Page) -> list[str]:
    """What axe calls serious on this page: rule, and the elements."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(RUN_AXE)["violations"]
    return [
        f"{each['id']}: {[node['html'][:120] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in SERIOUS
    ]
