"""A PDF rebuilt from its pages alone: what a page shows is kept, what it could do is not.

Everything is left behind but what is listed here: a list of what is dangerous is never complete.
Scripts, actions, forms (XFA), embedded files, links and metadata have no place in the new file.
"""

from io import BytesIO

import pikepdf

MAX_PAGES = 20
FLATE_BYTES = 64_000_000  # what a compressed stream may grow to while it is read

PAGE_KEYS = {"/Type", "/MediaBox", "/CropBox", "/Rotate", "/Resources", "/Contents", "/UserUnit"}
INHERITED = ("/MediaBox", "/CropBox", "/Rotate", "/Resources")
MARKS = {"/Widget", "/Stamp", "/FreeText"}  # banks stamp their seal as one of these
MARK_KEYS = {"/Type", "/Subtype", "/Rect", "/AP", "/AS", "/F"}
ASIDE = ("/Metadata", "/PieceInfo", "/AF", "/OPI", "/Ref")  # what a picture may say of itself

pikepdf.settings.set_qpdf_limits(flate_max_memory=FLATE_BYTES, png_max_memory=FLATE_BYTES)


class Locked(Exception):
    """It is encrypted."""


class TooManyPages(Exception):
    """It has more than `MAX_PAGES` pages."""


class Unreadable(Exception):
    """It is no PDF that can be read."""


def rebuild(content: bytes) -> bytes:
    """A new PDF that looks the same. Raises `Locked`, `TooManyPages`, `Unreadable`."""
    try:
        with pikepdf.open(BytesIO(content)) as sent, pikepdf.new() as clean:
            if sent.is_encrypted:
                raise Locked
            if not 0 < len(sent.pages) <= MAX_PAGES:
                raise TooManyPages
            for page in sent.pages:
                _strip_page(page.obj)
            clean.pages.extend(sent.pages)
            _strip_streams(clean)
            rebuilt = BytesIO()
            clean.save(rebuilt)
            return rebuilt.getvalue()
    except (Locked, TooManyPages):
        raise
    except pikepdf.PasswordError:
        raise Locked from None
    except Exception as reason:  # qpdf raises anything about a file that it does not like
        raise Unreadable(type(reason).__name__) from None


def _strip_page(page: pikepdf.Object) -> None:
    _inherit(page)
    marks = [_mark(each) for each in page.get("/Annots", ()) if _is_mark(each)]
    for key in set(page.keys()) - PAGE_KEYS:
        del page[key]
    if marks:
        page.Annots = pikepdf.Array(marks)


def _strip_streams(pdf: pikepdf.Pdf) -> None:
    for each in pdf.objects:
        if isinstance(each, pikepdf.Stream):
            for key in ASIDE:
                if key in each:
                    del each[key]


def _inherit(page: pikepdf.Object) -> None:
    """What the page takes from the nodes above it, written on the page itself."""
    above = page.get("/Parent")
    for _ in range(MAX_PAGES):
        if above is None:
            return
        for key in INHERITED:
            if key not in page and key in above:
                page[key] = above[key]
        above = above.get("/Parent")


def _is_mark(annotation: pikepdf.Object) -> bool:
    return str(annotation.get("/Subtype")) in MARKS


def _mark(annotation: pikepdf.Object) -> pikepdf.Object:
    return pikepdf.Dictionary({k: v for k, v in annotation.items() if k in MARK_KEYS})
