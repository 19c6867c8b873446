"""Pictures as they are meant to be seen: turned as the file asks its player to, with even sides."""

from __future__ import annotations

import av
import av.filter

_TURNS = {
    0: (),
    90: (("transpose", "clock"),),
    180: (("hflip", None), ("vflip", None)),
    270: (("transpose", "cclock"),),
}
"""FFmpeg's filters by degrees clockwise."""


class Upright:
    """Turns frames, and cuts an odd last column or row off.

    Args:
        rotation: how far to turn, in degrees clockwise, a multiple of 90.
        even: whether to cut.
    """

    def __init__(self, rotation: int, *, even: bool) -> None:
        self._turns = _TURNS[rotation % 360]
        self._even = even
        self._graph: av.filter.Graph | None = None
        self._graph_for: tuple[object, ...] = ()

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The upright picture; the frame itself where there is nothing to do."""
        odd = self._even and (frame.width % 2 or frame.height % 2)
        if not self._turns and not odd:
            return frame
        kind = (frame.width, frame.height, frame.format.name, int(frame.colorspace), int(frame.color_range))
        if self._graph is None or kind != self._graph_for:
            self._graph, self._graph_for = self._build(frame), kind
        self._graph.vpush(frame)
        turned = self._graph.vpull()
        assert isinstance(turned, av.VideoFrame)
        return turned

    def _build(self, frame: av.VideoFrame) -> av.filter.Graph:
        graph = av.filter.Graph()
        source = graph.add(
            "buffer",
            video_size=f"{frame.width}x{frame.height}",
            pix_fmt=frame.format.name,
            time_base="1/1",
            colorspace=str(int(frame.colorspace)),
            range=str(int(frame.color_range)),
        )
        chain = [source]
        if self._even:
            even_width, even_height = frame.width & ~1, frame.height & ~1
            chain.append(graph.add("crop", f"w={even_width}:h={even_height}:x=0:y=0:exact=1"))
        chain += [graph.add(name, argument) for name, argument in self._turns]
        graph.link_nodes(*chain, graph.add("buffersink")).configure()
        return graph
