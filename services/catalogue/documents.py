"""Document coursewares: plain text with three marks, read into blocks. Nothing here does I/O.

Writers never give markup, so nothing they write can run in the reader's browser: `## ` opens a
heading, `- ` a line of a list, `> ` a point to remember; anything else is a paragraph.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby


class BlockKind(StrEnum):
    HEADING = "heading"
    LIST = "list"
    POINT = "point"
    PARAGRAPH = "paragraph"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document; a list has a line for each entry, anything else one line."""

    kind: BlockKind
    lines: tuple[str, ...]


MARKS = {"## ": BlockKind.HEADING, "- ": BlockKind.LIST, "> ": BlockKind.POINT}


def blocks(body: str) -> list[Block]:
    """The blocks of a document, in order. Neighbouring list lines are one list."""
    pieces = [_piece(line.strip()) for line in body.splitlines() if line.strip()]
    found: list[Block] = []
    for kind, group in groupby(pieces, key=lambda piece: piece[0]):
        lines = tuple(text for _, text in group)
        if kind is BlockKind.LIST:
            found.append(Block(kind, lines))
        else:
            found.extend(Block(kind, (line,)) for line in lines)
    return found


def _piece(line: str) -> tuple[BlockKind, str]:
    for mark, kind in MARKS.items():
        if line.startswith(mark):
            return kind, line.removeprefix(mark).strip()
    return BlockKind.PARAGRAPH, line
