"""Remittance references 「汇款附言」, and the receipts that may be meant by a voucher ($-3)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Pool, Tx

from ..model.receipts import Receipt
from ..model.transfers import Transfer

CANDIDATES = 20  # receipts that are looked at for one voucher


async def find_open_reference(db: Pool | Tx, learner_id: UUID) -> str | None:
    """The reference that this learner was shown and has not used."""
    reference: str | None = await db.fetchval(
        "SELECT reference FROM remittances WHERE learner_id = $1 AND transfer_id IS NULL",
        learner_id,
    )
    return reference


async def insert_reference(
    db: Pool | Tx, reference: str, *, learner_id: UUID, now: datetime
) -> None:
    """Nothing happens where it is taken, or where the learner has an open one."""
    await db.execute(
        """
        INSERT INTO remittances (reference, learner_id, made_at)
             VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING
        """,
        reference,
        learner_id,
        now,
    )


async def find_use(tx: Tx, reference: str, *, learner_id: UUID) -> UUID | None:
    """The case of this learner that quotes the reference."""
    transfer_id: UUID | None = await tx.fetchval(
        "SELECT transfer_id FROM remittances WHERE reference = $1 AND learner_id = $2",
        reference,
        learner_id,
    )
    return transfer_id


async def use_reference(tx: Tx, reference: str, *, transfer_id: UUID) -> None:
    await tx.execute(
        "UPDATE remittances SET transfer_id = $2 WHERE reference = $1", reference, transfer_id
    )


async def list_candidates(
    db: Pool | Tx, transfers: Sequence[Transfer]
) -> dict[UUID, list[Receipt]]:
    """The receipts with money left that something speaks for, some for each case: those that quote
    it first, then those of its payer, then those of its sum."""
    rows = await db.fetch(
        """
         SELECT transfer_id, receipt_id, bank_reference, payer_name, remark, amount_fen,
                received_on, allocated_fen, recorded_by, recorded_by_name, recorded_at
           FROM (
                 SELECT transfer_id, reference, bank_reference AS said_number,
                        payer_name AS said_payer, learner_name, amount_fen AS said_fen
                   FROM transfers
                  WHERE transfer_id = ANY($1)
                ) AS said,
        LATERAL (
                 SELECT receipt_id, bank_reference, payer_name, remark, amount_fen, received_on,
                        allocated_fen, recorded_by, recorded_by_name, recorded_at,
                        strpos(remark_key, reference) > 0 OR bank_reference = said_number AS quoted,
                        payer_name = said_payer OR strpos(payer_name, learner_name) > 0
                        OR strpos(remark, learner_name) > 0 AS named,
                        amount_fen - allocated_fen = said_fen AS summed
                   FROM receipts
                  WHERE allocated_fen < amount_fen
               ORDER BY quoted DESC, named DESC, summed DESC, receipt_id DESC
                  LIMIT $2
                ) AS found
          WHERE quoted OR named OR summed
       ORDER BY transfer_id, receipt_id
        """,
        [transfer.transfer_id for transfer in transfers],
        CANDIDATES,
    )
    found: dict[UUID, list[Receipt]] = {}
    for row in rows:
        facts = dict(row)
        found.setdefault(facts.pop("transfer_id"), []).append(Receipt(**facts))
    return found
