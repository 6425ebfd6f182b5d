"""Bank receipts: recorded once, allocated to cards by a second person ($-3)."""

from uuid import UUID

from chassis.db import Tx

from ..model import ledger
from ..model.learners import Staff
from ..model.ledger import Account
from ..model.receipts import NoSuchReceipt, Receipt
from ..store import ledger as ledger_store
from ..store import receipts as store


async def record(tx: Tx, receipt: Receipt) -> bool:
    """Keep money that reached the bank, and book it. False if the bank's number is known."""
    if not await store.insert_receipt(tx, receipt):
        return False
    return await ledger_store.book(
        tx,
        ledger.move(
            "receipt_recorded",
            str(receipt.receipt_id),
            receipt.recorded_at,
            receipt.amount_fen,
            debit=Account.BANK,
            credit=Account.RECEIPTS,
            label=receipt.bank_reference,
        ),
    )


async def allocate(tx: Tx, *, receipt_id: UUID, amount_fen: int, by: Staff) -> Receipt:
    """Speak for a part of a receipt's money; it stays locked until the transaction ends. Whoever
    calls this books the money out of `liability:receipts`.

    Raises `NoSuchReceipt`, `OwnReceipt`, `ReceiptSpent`.
    """
    receipt = await store.lock_receipt(tx, receipt_id)
    if receipt is None:
        raise NoSuchReceipt
    receipt.check_allocation(amount_fen, by=by)

    await store.change_allocated(tx, receipt_id, by_fen=amount_fen)
    return receipt
