"""Certificates, their documents, and how often strangers ask for them."""

from datetime import date, datetime
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx
from contracts.identity import LearnerKind

from ..model import Certificate, Status

PRINT_BATCH = 20
RECENT_LIMIT = 50
FOUND_LIMIT = 50
PRINT_TRIES = 20  # then staff see it, and a download still tries

CERTIFICATE = """
          SELECT certificates.certificate_id, certificates.learner_id,
                 certificates.cycle_starts_on, certificates.form, certificates.number,
                 certificates.check_code, certificates.version, certificates.state,
                 certificates.snapshot, certificates.cohort_on, certificates.issued_on,
                 certificates.valid_until, certificates.document_name,
                 previous.number AS previous_number, next.number AS next_number
            FROM certificates
       LEFT JOIN certificates AS previous
              ON previous.certificate_id = certificates.previous_id
       LEFT JOIN certificates AS next
              ON next.previous_id = certificates.certificate_id
"""


async def next_sequence(tx: Tx) -> int:
    sequence: int = await tx.fetchval("SELECT nextval('certificate_numbers')")
    return sequence


async def insert_certificate(tx: Tx, certificate: Certificate, *, id_number_mac: str) -> None:
    """File a certificate. The constraints refuse a second one of the same cycle and version."""
    await tx.execute(
        """
        INSERT INTO certificates (certificate_id, learner_id, cycle_starts_on, form, number,
                                  check_code, version, state, snapshot, id_number_mac, cohort_on,
                                  issued_on, valid_until)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        certificate.certificate_id,
        certificate.learner_id,
        certificate.cycle_starts_on,
        certificate.form.value,
        certificate.number,
        certificate.check_code,
        certificate.version,
        certificate.state.value,
        certificate.snapshot,
        id_number_mac,
        certificate.cohort_on,
        certificate.issued_on,
        certificate.valid_until,
    )


async def list_certificates(db: Pool | Tx, learner_id: UUID) -> list[Certificate]:
    """A learner's certificates, the latest first."""
    rows = await db.fetch(
        CERTIFICATE
        + """
           WHERE certificates.learner_id = $1
        ORDER BY certificates.cycle_starts_on DESC, certificates.version DESC
        """,
        learner_id,
    )
    return [_certificate(row) for row in rows]


async def get_by_number(db: Pool, number: str) -> Certificate | None:
    row = await db.fetchrow(CERTIFICATE + " WHERE certificates.number = $1", number)
    return _certificate(row) if row else None


async def get_by_check_code(db: Pool, check_code: str) -> Certificate | None:
    row = await db.fetchrow(CERTIFICATE + " WHERE certificates.check_code = $1", check_code)
    return _certificate(row) if row else None


async def list_by_id_number(db: Pool, id_number_mac: str) -> list[Certificate]:
    """The certificates of whoever has this ID number, the latest first."""
    rows = await db.fetch(
        CERTIFICATE
        + """
           WHERE certificates.id_number_mac = $1
        ORDER BY certificates.issued_on DESC, certificates.version DESC
           LIMIT $2
        """,
        id_number_mac,
        FOUND_LIMIT,
    )
    return [_certificate(row) for row in rows]


async def list_recent(db: Pool) -> list[Certificate]:
    """The certificates issued last."""
    rows = await db.fetch(
        CERTIFICATE + " ORDER BY certificates.issued_at DESC LIMIT $1", RECENT_LIMIT
    )
    return [_certificate(row) for row in rows]


async def count_issued(db: Pool, *, on: date) -> int:
    issued: int = await db.fetchval("SELECT count(*) FROM certificates WHERE issued_on = $1", on)
    return issued


async def list_unprinted(db: Pool) -> list[Certificate]:
    """Certificates that wait for their document, the least tried first."""
    rows = await db.fetch(
        CERTIFICATE
        + """
           WHERE certificates.document_name IS NULL
             AND certificates.document_tries < $1
        ORDER BY certificates.document_tries, certificates.issued_at
           LIMIT $2
        """,
        PRINT_TRIES,
        PRINT_BATCH,
    )
    return [_certificate(row) for row in rows]


async def count_unprinted(db: Pool) -> int:
    count: int = await db.fetchval("SELECT count(*) FROM certificates WHERE document_name IS NULL")
    return count


async def note_printing_failed(db: Pool, certificate_id: UUID) -> None:
    await db.execute(
        """
        UPDATE certificates
           SET document_tries = document_tries + 1
         WHERE certificate_id = $1
        """,
        certificate_id,
    )


async def set_document(db: Pool, certificate: Certificate, name: str) -> bool:
    """Note where the document is kept. False if somebody else's printing was noted first."""
    updated = await db.fetchval(
        """
           UPDATE certificates
              SET document_name = $2
            WHERE certificate_id = $1
              AND document_name IS NOT DISTINCT FROM $3
        RETURNING true
        """,
        certificate.certificate_id,
        name,
        certificate.document_name,
    )
    return updated is not None


async def count_search(db: Pool, *, who: str, minute: datetime) -> int:
    """Note one use of the public query; return how many this makes in its minute."""
    count: int = await db.fetchval(
        """
        INSERT INTO searches AS s (who, minute, count)
             VALUES ($1, $2, 1)
        ON CONFLICT (who, minute) DO UPDATE
                SET count = s.count + 1
          RETURNING count
        """,
        who,
        minute,
    )
    return count


async def delete_searches(db: Pool, *, before: datetime) -> None:
    await db.execute("DELETE FROM searches WHERE minute < $1", before)


def _certificate(row: asyncpg.Record) -> Certificate:
    return Certificate(
        **{
            **row,
            "form": LearnerKind(row["form"]),
            "state": Status(row["state"]),
        }
    )
