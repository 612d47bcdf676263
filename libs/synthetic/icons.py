"""Brand icons as tightly cropped alpha masks, rendered from the CC0 simple-icons set by resvg."""

import re
from functools import lru_cache
from typing import NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt

from libs.common.errors import BadInput

Alpha = npt.NDArray[np.uint8]
_RENDER_PX = (32, 48, 64, 96, 128, 192, 256, 384, 512)
_VISIBLE_ALPHA = 8  # of 255: fainter pixels are anti-aliasing, not shape


class Icon(NamedTuple):
    """One brand's mark: `alpha` (H, W) in 0..255, cropped to its ink, and its colour (B, G, R)."""

    alpha: Alpha
    colour_bgr: tuple[int, int, int]


def load_icon(slug: str, size_px: float) -> Icon:
    """Render a brand's icon a little larger than it will be drawn, so that warping never aliases.

    Args:
        slug: name in simple-icons, such as `starbucks`.
        size_px: longest side wanted, in pixels; the nearest prepared size above it is rendered.

    Raises:
        BadInput: the icon set has no such brand.
    """
    render_px = next((px for px in _RENDER_PX if px >= size_px), _RENDER_PX[-1])
    return _render(slug, render_px)


def require_icons(slugs: tuple[str, ...]) -> None:
    """Check that every brand has an icon.

    Raises:
        BadInput: naming the brands that the icon set lacks.
    """
    import simple_icons_pack  # noqa: PLC0415 - 13 MB of icons: only who renders pays for them

    missing = [slug for slug in slugs if simple_icons_pack.get_icon(slug) is None]
    if missing:
        raise BadInput(
            f"simple-icons has no icon named {', '.join(missing)}: "
            "use slugs as listed on its site, in lower case and without spaces"
        )


@lru_cache(maxsize=2048)
def _render(slug: str, render_px: int) -> Icon:
    import resvg_py  # noqa: PLC0415
    import simple_icons_pack  # noqa: PLC0415

    icon = simple_icons_pack.get_icon(slug)
    if icon is None:
        raise BadInput(f"simple-icons has no icon named {slug}")
    sized = re.sub(r"<svg ", f'<svg width="{render_px}" height="{render_px}" ', icon.svg, count=1)
    png = bytes(resvg_py.svg_to_bytes(svg_string=sized, width=render_px, height=render_px))
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise BadInput(f"the icon of {slug} did not render: leave this brand out")
    alpha = cast("Alpha", decoded[:, :, 3])
    rows, columns = np.where(alpha > _VISIBLE_ALPHA)
    cropped = alpha[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    red, green, blue = (int(icon.hex[at : at + 2], 16) for at in (0, 2, 4))
    return Icon(np.ascontiguousarray(cropped), (blue, green, red))
