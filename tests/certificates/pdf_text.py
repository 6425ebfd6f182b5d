"""Reads a PDF of ours with pyHanko's parser: its text, the way copying and searching see it."""

import io
import re

from pyhanko.pdf_utils.generic import read_hex_string_from_stream, read_string_from_stream
from pyhanko.pdf_utils.reader import PdfFileReader

SHOWN = re.compile(
    rb"/(?P<font>\w+) [\d.]+ Tf|<<|(?P<literal>\()|(?P<hex><)|(?P<end>T[jJ]\s)", re.S
)
MAPPED = re.compile(rb"^<([0-9A-F]{4})> <([0-9A-F]+)>$", re.M)


def text_of(pdf: bytes) -> str:
    """The text of the first page, one line for each stretch that is set in one go."""
    page = PdfFileReader(io.BytesIO(pdf)).root["/Pages"]["/Kids"][0]
    fonts = {
        name[1:].encode(): _characters(font.get_object()["/ToUnicode"].data)
        for name, font in page["/Resources"]["/Font"].items()
    }
    content = io.BytesIO(page["/Contents"].data)
    text, font = "", dict[bytes, str]()
    while found := SHOWN.search(content.getvalue(), content.tell()):
        content.seek(found.end())
        if found["font"]:
            font = fonts[found["font"]]
        elif found["literal"] or found["hex"]:
            content.seek(found.start())
            read = read_string_from_stream if found["literal"] else read_hex_string_from_stream
            codes = read(content).original_bytes
            text += "".join(font[codes[i : i + 2]] for i in range(0, len(codes), 2))
        elif found["end"]:
            text += "\n"
    return text


def _characters(cmap: bytes) -> dict[bytes, str]:
    return {
        bytes.fromhex(code.decode()): bytes.fromhex(text.decode()).decode("utf-16-be")
        for code, text in MAPPED.findall(cmap)
    }
