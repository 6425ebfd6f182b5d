"""Payment vouchers as files: what was handed in for which case (W-1)."""

from collections.abc import Sequence
from dataclasses import astuple
from uuid import UUID

from chassis.db import Pool, Tx

from ..model.vouchers import Voucher, VoucherKind


async def insert_voucher(tx: Tx, voucher: Voucher) -> None:
    await tx.execute(
        """
        INSERT INTO vouchers (voucher_id, transfer_id, kind, bytes, uploaded_at)
             VALUES ($1, $2, $3, $4, $5)
        """,
        *astuple(voucher),
    )


async def list_vouchers(db: Pool | Tx, transfer_ids: Sequence[UUID]) -> list[Voucher]:
    """The vouchers of these cases, the latest first."""
    rows = await db.fetch(
        """
          SELECT voucher_id, transfer_id, kind, bytes, uploaded_at
            FROM vouchers
           WHERE transfer_id = ANY($1)
        ORDER BY voucher_id DESC
        """,
        transfer_ids,
    )
    return [Voucher(**{**row, "kind": VoucherKind(row["kind"])}) for row in rows]
