"""A small picture of what is being recorded, as it is recorded."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av

QUALITY = 80


def preview_jpeg(picture: av.VideoFrame, max_width: int) -> bytes:
    """A recorded picture as a JPEG of at most this width, in its own shape."""
    width = min(picture.width, max_width)
    small = picture.to_image(width=width, height=max(1, picture.height * width // picture.width))
    content = io.BytesIO()
    small.save(content, "JPEG", quality=QUALITY)
    return content.getvalue()
