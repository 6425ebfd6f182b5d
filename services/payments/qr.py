"""A code as the outline of its dark squares, for an SVG path."""

from dataclasses import dataclass

import segno

QUIET_ZONE = 2  # squares


@dataclass(frozen=True, slots=True)
class QrCode:
    """`size` squares wide and high; `path` is SVG path data, a stroke along each row of dark."""

    size: int
    path: str


def draw(text: str) -> QrCode:
    """The QR code of a text, with error correction M."""
    rows = [bytes(row) for row in segno.make_qr(text, error="m").matrix]
    size = len(rows) + 2 * QUIET_ZONE
    strokes = [
        f"M{start + QUIET_ZONE} {y + QUIET_ZONE}.5h{length}"
        for y, row in enumerate(rows)
        for start, length in _runs(row)
    ]
    return QrCode(size, "".join(strokes))


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Where the dark stretches of a row begin and how long they are."""
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if not dark:
            continue
        if runs and sum(runs[-1]) == x:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((x, 1))
    return runs
