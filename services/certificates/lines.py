"""What people type into one line: outer blanks don't count, control characters are refused."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator

from chassis.web.i18n import N_

ONE_LINE = N_("Please enter plain text on one line.")


def _one_line(text: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text.strip()):
        raise ValueError(ONE_LINE)
    return text.strip()


Line = Annotated[str, AfterValidator(_one_line)]
