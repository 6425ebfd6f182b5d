"""Payment vouchers 「付款凭证」 as files: what was sent is judged by its content, and drawn anew.

Nothing of the sender's file is kept as it came: a picture is redrawn without its metadata (a
phone writes where it was taken), a PDF is rebuilt from its pages alone (`voucher_pdf`).
"""

import asyncio
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from uuid import UUID

import structlog
from PIL import Image, ImageOps

from chassis.files import Files
from chassis.refusals import TooLarge, WrongMedia

from . import voucher_pdf
from .model.vouchers import VoucherKind

log = structlog.get_logger()

MAX_BYTES = 10_000_000
MAX_PIXELS = 60_000_000  # what phones take; 180 MB while it is drawn
MAX_EDGE = 3000  # pixels: a page at 250 dpi
QUALITY = 88
AT_ONCE = 2  # threads that draw, whatever is asked for

SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
}

# A picture that declares more pixels is refused before any of them is decoded.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="vouchers")


class VoucherTooLarge(TooLarge):
    """The voucher may have at most 10 MB. Take a smaller picture, or send the page as a PDF."""


class NoVoucher(WrongMedia):
    """The voucher must be a picture (JPEG, PNG, WebP) or a PDF."""


class VoucherUnreadable(WrongMedia):
    """This file is damaged or too large to be drawn. Take a picture of the voucher instead."""


class VoucherLocked(WrongMedia):
    """This PDF is protected. Save it without a password, or take a picture of the voucher."""


class VoucherTooLong(WrongMedia):
    """A voucher has at most {pages} pages. Send the page with the payment alone."""


async def redraw(content: bytes) -> tuple[VoucherKind, bytes]:
    """The voucher as we keep it. Raises `VoucherTooLarge`, or a `WrongMedia` that says why."""
    if len(content) > MAX_BYTES:
        raise VoucherTooLarge
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, _redraw, content)


async def keep(files: Files, voucher_id: UUID, kind: VoucherKind, drawn: bytes) -> None:
    """Store it under its id: no name that a person gave is ever a path."""
    await files.put(path_of(voucher_id, kind), drawn)


def path_of(voucher_id: UUID, kind: VoucherKind) -> str:
    return f"vouchers/{voucher_id}.{kind}"


def _redraw(content: bytes) -> tuple[VoucherKind, bytes]:
    format_ = _format_of(content)
    if format_ == "PDF":
        return VoucherKind.PDF, _rebuild(content)
    try:
        return VoucherKind.PICTURE, _paint(content, format_)
    except Exception as reason:  # decoders raise anything about bytes that they do not like
        log.info("voucher_unreadable", reason=type(reason).__name__)
        raise VoucherUnreadable from None


def _format_of(content: bytes) -> str:
    for signature, format_ in SIGNATURES.items():
        if content.startswith(signature):
            return format_
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    if content.startswith(b"%PDF-"):
        return "PDF"
    raise NoVoucher


def _paint(content: bytes, format_: str) -> bytes:
    """The picture upright on white, with nothing but its pixels."""
    with Image.open(BytesIO(content), formats=(format_,)) as sent:
        sent.draft("RGB", (MAX_EDGE, MAX_EDGE))  # a large JPEG is decoded small
        upright = ImageOps.exif_transpose(sent)
        upright.thumbnail((MAX_EDGE, MAX_EDGE))
        layers = upright.convert("RGBA")
    clean = Image.new("RGB", layers.size, "white")
    clean.paste(layers, mask=layers.getchannel("A"))
    drawn = BytesIO()
    clean.save(drawn, "JPEG", quality=QUALITY, optimize=True)
    return drawn.getvalue()


def _rebuild(content: bytes) -> bytes:
    try:
        return voucher_pdf.rebuild(content)
    except voucher_pdf.Locked:
        raise VoucherLocked from None
    except voucher_pdf.TooManyPages:
        raise VoucherTooLong(pages=voucher_pdf.MAX_PAGES) from None
    except voucher_pdf.Unreadable as reason:
        log.info("voucher_unreadable", reason=str(reason))
        raise VoucherUnreadable from None
