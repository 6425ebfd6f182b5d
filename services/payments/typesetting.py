"""Documents as PDF, set by typst. What people typed goes in as data, never as markup."""

import importlib.resources
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

HERE = Path(__file__).parent / "templates" / "documents"

FONTS = typst.Fonts(
    include_system_fonts=False,
    include_embedded_fonts=False,
    font_paths=[str(importlib.resources.files("noto_cjk_sans_otc"))],
)
"""One for the process: without it every document would read the font again."""


def pdf(template: str, data: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """The document of this template. Takes processor time: call it in a thread."""
    document = typst.compile(
        HERE / template,
        root=HERE,
        font_paths=FONTS,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        format="pdf",
        timestamp=made_at,
    )
    assert isinstance(document, bytes)
    return document
