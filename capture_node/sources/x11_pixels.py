"""How the X server lays out pixels: what we can use of it."""

from __future__ import annotations

from capture_node.sources.x11_display import X11Display
from playloom.errors import CaptureError

_LEAST_SIGNIFICANT_FIRST = 0
_BGRA_MASKS = (0xFF0000, 0x00FF00, 0x0000FF)


def require_bgra(display: X11Display, what: str, visual: int) -> None:
    """See that pictures of a visual are four bytes a pixel, blue first, as those of all usual desktops are.

    Args:
        display: the server.
        what: is to be recorded, for the error.
        visual: the visual's id.

    Raises:
        CaptureError: they are not.
    """
    setup = display.connection.setup
    for depth in display.screen.allowed_depths:
        for candidate in depth.visuals:
            if candidate.visual_id != visual:
                continue
            bits = [pixels.bits_per_pixel for pixels in setup.pixmap_formats if pixels.depth == depth.depth]
            masks = (candidate.red_mask, candidate.green_mask, candidate.blue_mask)
            if bits == [32] and masks == _BGRA_MASKS and setup.image_byte_order == _LEAST_SIGNIFICANT_FIRST:
                return
            raise CaptureError(
                what,
                f"its pixels have {depth.depth} bits, of which only 24 and 32 can be recorded",
                remedy="Set the desktop's colour depth to 24 bits",
            )
    raise CaptureError(what, f"the X server does not say how pixels of its visual {visual:#x} look")
