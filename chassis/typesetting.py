"""Documents set by typst: plain functions that take some tens of milliseconds of processor time;
call them in a thread."""

import importlib.resources
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

import typst


@cache
def fonts() -> typst.Fonts:
    """One for the process: without it every document would read the font again (110 ms, not 9)."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(importlib.resources.files("noto_cjk_sans_otc"))],
    )


def typeset(
    template: Path,
    inputs: Mapping[str, str],
    *,
    made_at: datetime,
    standard: Literal["1.7", "a-1b"] = "1.7",
) -> bytes:
    """The PDF of a template; `inputs` are data to it and never markup. The same inputs give the
    same bytes."""
    pdf = typst.compile(
        template,
        root=template.parent,
        font_paths=fonts(),
        sys_inputs=dict(inputs),
        format="pdf",
        pdf_standards=standard,
        timestamp=made_at.replace(microsecond=0),
    )
    assert isinstance(pdf, bytes)
    return pdf
