"""Payment vouchers as cases: every query about transfers, their steps and references (W-1)."""

from dataclasses import astuple
from datetime import datetime
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx

from ..model.transfers import Notice, Step, StepKind, Transfer, TransferStatus


async def insert_transfer(tx: Tx, transfer: Transfer) -> None:
    await tx.execute(
        """
        INSERT INTO transfers (transfer_id, case_number, learner_id, learner_name, account_name,
                               status, reference, amount_fen, payer_name, bank_reference, contact,
                               submitted_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        transfer.transfer_id,
        transfer.case_number,
        transfer.learner_id,
        transfer.learner_name,
        transfer.account_name,
        transfer.status,
        transfer.reference,
        *astuple(transfer.notice),
        transfer.submitted_at,
    )


async def get_transfer(
    db: Pool | Tx, transfer_id: UUID, *, learner_id: UUID | None = None
) -> Transfer | None:
    """One case; of this learner, where one is named."""
    row = await db.fetchrow(
        """
        SELECT transfer_id, case_number, learner_id, learner_name, account_name, status,
               reference, amount_fen, payer_name, bank_reference, contact, submitted_at, turn,
               decided_at, reason, receipt_id, issued_fen
          FROM transfers
         WHERE transfer_id = $1
           AND ($2::uuid IS NULL OR learner_id = $2)
        """,
        transfer_id,
        learner_id,
    )
    return _transfer(row) if row else None


async def lock_transfer(tx: Tx, transfer_id: UUID) -> Transfer | None:
    """The caller holds the learner as a buyer."""
    row = await tx.fetchrow(
        """
        SELECT transfer_id, case_number, learner_id, learner_name, account_name, status,
               reference, amount_fen, payer_name, bank_reference, contact, submitted_at, turn,
               decided_at, reason, receipt_id, issued_fen
          FROM transfers
         WHERE transfer_id = $1
           FOR UPDATE
        """,
        transfer_id,
    )
    return _transfer(row) if row else None


async def list_of_learner(
    db: Pool | Tx, learner_id: UUID, *, before: UUID | None, limit: int
) -> list[Transfer]:
    """The newest first."""
    rows = await db.fetch(
        """
          SELECT transfer_id, case_number, learner_id, learner_name, account_name, status,
                 reference, amount_fen, payer_name, bank_reference, contact, submitted_at, turn,
                 decided_at, reason, receipt_id, issued_fen
            FROM transfers
           WHERE learner_id = $1
             AND ($2::uuid IS NULL OR transfer_id < $2)
        ORDER BY transfer_id DESC
           LIMIT $3
        """,
        learner_id,
        before,
        limit,
    )
    return [_transfer(row) for row in rows]


async def list_open(db: Pool, *, after: UUID | None, limit: int) -> list[Transfer]:
    """What lies with staff, the oldest first."""
    rows = await db.fetch(
        """
          SELECT transfer_id, case_number, learner_id, learner_name, account_name, status,
                 reference, amount_fen, payer_name, bank_reference, contact, submitted_at, turn,
                 decided_at, reason, receipt_id, issued_fen
            FROM transfers
           WHERE status = 'submitted'
             AND ($1::uuid IS NULL OR transfer_id > $1)
        ORDER BY transfer_id
           LIMIT $2
        """,
        after,
        limit,
    )
    return [_transfer(row) for row in rows]


async def search(
    db: Pool, *, status: TransferStatus | None, text: str, before: UUID | None, limit: int
) -> list[Transfer]:
    """Cases of everybody, the newest first: with this number, reference, or a part of a name."""
    rows = await db.fetch(
        """
          SELECT transfer_id, case_number, learner_id, learner_name, account_name, status,
                 reference, amount_fen, payer_name, bank_reference, contact, submitted_at, turn,
                 decided_at, reason, receipt_id, issued_fen
            FROM transfers
           WHERE ($1::text IS NULL OR status = $1)
             AND ($2 = '' OR case_number = upper($2) OR reference = upper($2)
                  OR strpos(learner_name, $2) > 0 OR strpos(payer_name, $2) > 0)
             AND ($3::uuid IS NULL OR transfer_id < $3)
        ORDER BY transfer_id DESC
           LIMIT $4
        """,
        status,
        text,
        before,
        limit,
    )
    return [_transfer(row) for row in rows]


async def list_of_receipt(db: Pool, receipt_id: UUID) -> list[Transfer]:
    """The cases that were paid by this bank receipt."""
    rows = await db.fetch(
        """
          SELECT transfer_id, case_number, learner_id, learner_name, account_name, status,
                 reference, amount_fen, payer_name, bank_reference, contact, submitted_at, turn,
                 decided_at, reason, receipt_id, issued_fen
            FROM transfers
           WHERE receipt_id = $1
        ORDER BY transfer_id
        """,
        receipt_id,
    )
    return [_transfer(row) for row in rows]


async def count_open(db: Pool | Tx, *, learner_id: UUID | None = None) -> int:
    """How many lie with staff; of this learner, where one is named."""
    counted: int = await db.fetchval(
        """
        SELECT count(*)
          FROM transfers
         WHERE status = 'submitted'
           AND ($1::uuid IS NULL OR learner_id = $1)
        """,
        learner_id,
    )
    return counted


async def mark_submitted(tx: Tx, transfer_id: UUID, notice: Notice) -> None:
    """It was returned and comes again, with what it says now."""
    await tx.execute(
        """
        UPDATE transfers
           SET status = 'submitted', decided_at = NULL, reason = '', turn = turn + 1,
               amount_fen = $2, payer_name = $3, bank_reference = $4, contact = $5
         WHERE transfer_id = $1
        """,
        transfer_id,
        *astuple(notice),
    )


async def mark_returned(tx: Tx, transfer_id: UUID, *, reason: str, now: datetime) -> None:
    await tx.execute(
        """
        UPDATE transfers
           SET status = 'returned', decided_at = $2, reason = $3
         WHERE transfer_id = $1
        """,
        transfer_id,
        now,
        reason,
    )


async def mark_accepted(
    tx: Tx, transfer_id: UUID, *, receipt_id: UUID, issued_fen: int, now: datetime
) -> None:
    await tx.execute(
        """
        UPDATE transfers
           SET status = 'accepted', decided_at = $2, receipt_id = $3, issued_fen = $4
         WHERE transfer_id = $1
        """,
        transfer_id,
        now,
        receipt_id,
        issued_fen,
    )


async def add_step(tx: Tx, transfer_id: UUID, step: Step) -> None:
    """The caller holds the case."""
    await tx.execute(
        """
        INSERT INTO transfer_steps (transfer_id, position, kind, at, by, by_name, note)
             SELECT $1, count(*) + 1, $2, $3, $4, $5, $6
               FROM transfer_steps
              WHERE transfer_id = $1
        """,
        transfer_id,
        *astuple(step),
    )


async def list_steps(db: Pool | Tx, transfer_id: UUID) -> list[Step]:
    """What happened, the latest first."""
    rows = await db.fetch(
        """
          SELECT kind, at, by, by_name, note
            FROM transfer_steps
           WHERE transfer_id = $1
        ORDER BY position DESC
        """,
        transfer_id,
    )
    return [Step(**{**row, "kind": StepKind(row["kind"])}) for row in rows]


def _transfer(row: asyncpg.Record) -> Transfer:
    facts = dict(row)
    notice = Notice(
        amount_fen=facts.pop("amount_fen"),
        payer_name=facts.pop("payer_name"),
        bank_reference=facts.pop("bank_reference"),
        contact=facts.pop("contact"),
    )
    return Transfer(**{**facts, "status": TransferStatus(facts["status"])}, notice=notice)
