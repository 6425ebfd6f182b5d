"""Bank receipts: recorded once, allocated to cards by a second person ($-3)."""

from datetime import datetime
from uuid import UUID

from chassis import ids
from chassis.db import Tx

from ..model import ledger
from ..model.learners import Staff
from ..model.ledger import Account, Journal
from ..model.receipts import Imported, NoSuchReceipt, Receipt
from ..model.statements import Entry, Fault, Statement, Trouble
from ..store import ledger as ledger_store
from ..store import receipts as store


async def record(tx: Tx, receipt: Receipt) -> bool:
    """Keep money that reached the bank, and book it. False if the bank's number is known."""
    if not await store.insert_receipt(tx, receipt):
        return False
    return await ledger_store.book(tx, _journal(receipt))


async def import_statement(
    tx: Tx, statement: Statement, *, by: Staff, now: datetime
) -> tuple[Imported, list[Fault]]:
    """Record all that is new in a statement without faults; the same file again records nothing.

    Where a number is recorded with another sum or day, nothing is, and the faults say where.
    """
    entries = sorted(statement.entries, key=lambda entry: entry.bank_reference)  # one lock order
    known = await store.list_facts(tx, [entry.bank_reference for entry in entries])
    faults = [
        Fault(entry.line, Trouble.KNOWN_OTHERWISE, entry.bank_reference)
        for entry in entries
        if known.get(entry.bank_reference, entry.facts) != entry.facts
    ]
    if faults:
        return Imported(0, 0, 0), faults

    receipts = [_receipt_of(entry, by=by, now=now) for entry in entries]
    new = set(await store.insert_receipts(tx, receipts))
    for receipt in receipts:
        if receipt.receipt_id in new:
            await ledger_store.book(tx, _journal(receipt))
    known_rows = len(entries) - len(new) + statement.repeated
    return Imported(len(new), known_rows, statement.ignored), []


def _journal(receipt: Receipt) -> Journal:
    """Money at the bank that is not a card yet."""
    return ledger.move(
        "receipt_recorded",
        str(receipt.receipt_id),
        receipt.recorded_at,
        receipt.amount_fen,
        debit=Account.BANK,
        credit=Account.RECEIPTS,
        label=receipt.bank_reference,
    )


def _receipt_of(entry: Entry, *, by: Staff, now: datetime) -> Receipt:
    return Receipt(
        receipt_id=ids.new_id(),
        bank_reference=entry.bank_reference,
        payer_name=entry.payer_name,
        remark=entry.remark,
        amount_fen=entry.amount_fen,
        received_on=entry.received_on,
        allocated_fen=0,
        recorded_by=by.staff_id,
        recorded_by_name=by.name,
        recorded_at=now,
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
