"""Documents: printed outside of any transaction, kept as files, printed once more if one is lost.

A document may be printed twice at the same moment (the worker and a download); the first to be
noted is the certificate's document, and everybody is given that one.
"""

import asyncio
import hashlib

import structlog

from chassis.db import Pool
from chassis.files import Files, NoSuchFile

from .document import Press
from .model import Certificate
from .store import certificates

log = structlog.get_logger()


async def print_waiting(pool: Pool, files: Files, press: Press) -> int:
    """Print what was issued without a document; return how many. One failure stops no other."""
    waiting = await certificates.list_unprinted(pool)
    printed = 0
    for certificate in waiting:
        try:
            await _print(pool, files, press, certificate)
            printed += 1
        except Exception:
            log.exception("printing_failed", number=certificate.number)
            await certificates.note_printing_failed(pool, certificate.certificate_id)
    return printed


async def document_of(pool: Pool, files: Files, press: Press, certificate: Certificate) -> bytes:
    """The certificate's signed PDF; printed now if that was not done yet, or its file is lost."""
    if certificate.document_name is not None:
        try:
            return await files.get(certificate.document_name)
        except NoSuchFile:
            log.warning("document_lost", number=certificate.number)
    return await _print(pool, files, press, certificate)


async def _print(pool: Pool, files: Files, press: Press, certificate: Certificate) -> bytes:
    pdf = await asyncio.to_thread(
        press.print, certificate.snapshot, check_code=certificate.check_code
    )
    digest = hashlib.sha256(pdf).hexdigest()[:16]
    name = f"{certificate.issued_on.year}/{certificate.number}-{digest}.pdf"
    await files.put(name, pdf)
    if await certificates.set_document(pool, certificate, name):
        return pdf
    noted = await certificates.get_by_number(pool, certificate.number)
    assert noted is not None
    assert noted.document_name is not None
    return await files.get(noted.document_name)
