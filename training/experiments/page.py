"""A page that is written once and read in two ways: Markdown, and HTML that shows its pictures and plays its videos."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 62em; padding: 0 1em; color: #222 }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em } img { max-width: 100% }
table { border-collapse: collapse } td, th { padding: .25em .9em .25em 0; text-align: right; vertical-align: top }
td:first-child, th:first-child { text-align: left } tr { border-bottom: 1px solid #ddd }
figure { display: inline-block; margin: 0 1em 1em 0; vertical-align: top } video { width: 29em; max-width: 100% }
figcaption { font-size: .85em }
"""

type _Block = tuple[str, tuple[str, ...], Sequence[Sequence[str]]]


@dataclass
class Page:
    """Blocks in their order.

    Attributes:
        title: of the page.
        directory: where it will lie; files are named relative to it.
    """

    title: str
    directory: Path
    _blocks: list[_Block] = field(default_factory=list)

    def heading(self, text: str) -> None:
        """Begins a part."""
        self._blocks.append(("heading", (text,), ()))

    def paragraph(self, text: str) -> None:
        """Plain text."""
        self._blocks.append(("paragraph", (text,), ()))

    def points(self, texts: Sequence[str]) -> None:
        """Plain texts, each a point of a list."""
        if texts:
            self._blocks.append(("points", tuple(texts), ()))

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """A table whose first row is its head."""
        self._blocks.append(("table", (), rows))

    def picture(self, file: str, caption: str) -> None:
        """A picture; HTML holds it itself."""
        self._blocks.append(("picture", (file, caption), ()))

    def video(self, file: str, caption: str) -> None:
        """A video, which lies beside the page."""
        self._blocks.append(("video", (file, caption), ()))

    def markdown(self) -> str:
        """The page in Markdown."""
        lines = [f"# {self.title}"]
        before = ""
        for kind, texts, rows in self._blocks:
            if not (kind == before == "video"):
                lines.append("")
            lines += self._markdown_block(kind, texts, rows)
            before = kind
        return "\n".join(lines) + "\n"

    @staticmethod
    def _markdown_block(kind: str, texts: tuple[str, ...], rows: Sequence[Sequence[str]]) -> Iterator[str]:
        match kind:
            case "heading":
                yield f"## {texts[0]}"
            case "points":
                yield from (f"- {text}" for text in texts)
            case "table":
                yield "| " + " | ".join(rows[0]) + " |"
                yield "|---|" + "---:|" * (len(rows[0]) - 1)
                yield from ("| " + " | ".join(row) + " |" for row in rows[1:])
            case "picture":
                yield f"![{texts[1]}]({texts[0]})"
            case "video":
                yield f"- [{texts[1]}]({texts[0]})"
            case _:
                yield texts[0]

    def html(self) -> str:
        """The page in HTML."""
        body = "\n".join(self._html_block(*block) for block in self._blocks)
        title = escape(self.title)
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>\n{body}\n</body></html>\n"
        )

    def _html_block(self, kind: str, texts: tuple[str, ...], rows: Sequence[Sequence[str]]) -> str:
        match kind:
            case "heading":
                return f"<h2>{escape(texts[0])}</h2>"
            case "points":
                return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"
            case "table":
                return f"<table>{_row(rows[0], 'th')}{''.join(_row(row, 'td') for row in rows[1:])}</table>"
            case "picture":
                content = base64.b64encode((self.directory / texts[0]).read_bytes()).decode()
                return f'<p><img alt="{escape(texts[1])}" src="data:image/png;base64,{content}"></p>'
            case "video":
                shown = f'<video controls preload="metadata" src="{escape(texts[0])}"></video>'
                return f"<figure>{shown}<figcaption>{escape(texts[1])}</figcaption></figure>"
            case _:
                return f"<p>{escape(texts[0])}</p>"


def _row(cells: Sequence[str], kind: str) -> str:
    return "<tr>" + "".join(f"<{kind}>{escape(cell)}</{kind}>" for cell in cells) + "</tr>"
