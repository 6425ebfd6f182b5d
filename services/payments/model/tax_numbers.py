"""Tax numbers of organizations: 统一社会信用代码, GB 32100-2015."""

import re
import unicodedata

from stdnum.cn import uscc

OLD = re.compile(r"[0-9A-Z]{15}|[0-9A-Z]{20}")


def normalise(written: str) -> str:
    """Without blanks, in capitals, full-width characters as half-width ones."""
    return "".join(unicodedata.normalize("NFKC", written).split()).upper()


def is_current(tax_number: str) -> bool:
    """18 characters of the known alphabet whose check character is right."""
    return len(tax_number) == 18 and tax_number.isascii() and bool(uscc.is_valid(tax_number))


def is_old(tax_number: str) -> bool:
    """The form of a number from before 2015, which has no check character of this kind."""
    return OLD.fullmatch(tax_number) is not None
