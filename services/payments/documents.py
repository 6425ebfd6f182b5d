"""Issued invoices as files: a PDF that the tax office signed, kept to the byte.

It is not drawn anew like a voucher: that would break the signature. So what can act is refused.
"""

import asyncio
import hashlib
from io import BytesIO

import pikepdf
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from chassis import ids
from chassis.files import Files, NoSuchFile
from chassis.parcels import Attachment
from chassis.refusals import Invalid

from .model.invoices import Document, Invoice, NoSuchInvoice

MAX_BYTES = 5_000_000
MAX_PAGES = 20
PDF = "application/pdf"
ACTING = ("/JavaScript", "/JS", "/Launch", "/RichMedia", "/ImportData", "/SubmitForm", "/GoToE")


async def read(upload: UploadFile | None) -> bytes:
    """The file that was sent. Raises `Invalid` unless it is a whole PDF that only shows."""
    if upload is None:
        raise Invalid({"document": "Please choose the issued PDF."})
    content = await upload.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Invalid({"document": "The PDF may have at most 5 MB."})
    if not await asyncio.to_thread(_is_plain_pdf, content):
        raise Invalid({"document": "This is no PDF that can be opened, or it holds a program."})
    return content


async def keep(files: Files, content: bytes) -> Document:
    """Store it under a name that says nothing."""
    name = f"invoices/{ids.new_id()}.pdf"
    await files.put(name, content)
    return Document(name, hashlib.sha256(content).hexdigest())


async def answer(files: Files, invoice: Invoice) -> Response:
    """The invoice as it was issued, to be saved. Raises `NoSuchInvoice`, also for a file that is
    not what was stored."""
    if invoice.document is None:
        raise NoSuchInvoice
    try:
        content = await files.get(invoice.document.name)
    except NoSuchFile:
        raise NoSuchInvoice from None
    if hashlib.sha256(content).hexdigest() != invoice.document.sha256:
        raise NoSuchInvoice
    headers = {
        "Content-Disposition": f'attachment; filename="{invoice.number}.pdf"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=PDF, headers=headers)


def attachment(number: str, content: bytes) -> Attachment:
    """For the learner's mail."""
    return Attachment(f"{number}.pdf", PDF, content)


def _is_plain_pdf(content: bytes) -> bool:
    if not content.startswith(b"%PDF-"):
        return False
    try:
        with pikepdf.open(BytesIO(content)) as pdf:
            return (
                not pdf.is_encrypted
                and 0 < len(pdf.pages) <= MAX_PAGES
                and not any(_acts(each) for each in pdf.objects)
            )
    except Exception:  # qpdf raises anything about a file that it does not like
        return False


def _acts(item: pikepdf.Object) -> bool:
    """Whether an object starts something. Direct children are looked at as well."""
    if isinstance(item, pikepdf.Stream):
        item = item.stream_dict
    if isinstance(item, pikepdf.Dictionary):
        if any(key in item for key in ACTING) or str(item.get("/S", "")) in ACTING:
            return True
        return any(_acts(child) for child in item.values() if _is_inner(child))
    if isinstance(item, pikepdf.Array):
        return any(_acts(child) for child in item if _is_inner(child))
    return False


def _is_inner(child: object) -> bool:
    return isinstance(child, pikepdf.Object) and not child.is_indirect
