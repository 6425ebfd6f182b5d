"""A voucher on its way back to a browser: never a page of ours, whatever it may be."""

from urllib.parse import quote
from uuid import UUID

from fastapi.responses import Response

from chassis.db import Pool
from chassis.files import Files

from . import vouchers
from .model.transfers import Transfer
from .model.vouchers import NoSuchVoucher
from .store import vouchers as store

HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
}


async def answer(db: Pool, files: Files, transfer: Transfer, voucher_id: UUID) -> Response:
    """The voucher of a case that the caller may see, as a file. Raises `NoSuchVoucher`."""
    for voucher in await store.list_vouchers(db, [transfer.transfer_id]):
        if voucher.voucher_id == voucher_id:
            content = await files.get(vouchers.path_of(voucher_id, voucher.kind))
            name = quote(f"{transfer.case_number}.{voucher.kind}")
            return Response(
                content,
                media_type=voucher.kind.content_type,
                headers={**HEADERS, "Content-Disposition": f"attachment; filename={name}"},
            )
    raise NoSuchVoucher
