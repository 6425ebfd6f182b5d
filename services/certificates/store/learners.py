"""Learners, their satisfied cycles, their registrations, and the cohorts they wait for."""

from datetime import date
from uuid import UUID

import asyncpg

from chassis.db import Pool, Tx
from contracts.identity import LearnerKind, Qualification, Title

from ..model import Cycle, Learner, Registration

DUE_BATCH = 100
UNISSUED_LIMIT = 5000


async def lock_learner(tx: Tx, learner_id: UUID) -> Learner:
    """Hold a learner until the transaction ends, known or not: what is decided about one learner
    is decided one after the other."""
    await tx.execute(
        "INSERT INTO learners (learner_id) VALUES ($1) ON CONFLICT DO NOTHING", learner_id
    )
    row = await tx.fetchrow(
        """
        SELECT learner_id, version, real_name, kind, id_number_masked, id_number_mac, verified,
               qualification_number, qualification_category, qualification_expires_on,
               title_category, title_authority, title_number
          FROM learners
         WHERE learner_id = $1
           FOR UPDATE
        """,
        learner_id,
    )
    assert row is not None
    return _learner(row)


async def get_learner(db: Pool, learner_id: UUID) -> Learner:
    """The learner; one of version 0 where nothing was told yet."""
    row = await db.fetchrow(
        """
        SELECT learner_id, version, real_name, kind, id_number_masked, id_number_mac, verified,
               qualification_number, qualification_category, qualification_expires_on,
               title_category, title_authority, title_number
          FROM learners
         WHERE learner_id = $1
        """,
        learner_id,
    )
    return _learner(row) if row else Learner(learner_id)


async def update_learner(tx: Tx, learner: Learner) -> None:
    """Replace what is known of a learner."""
    held, title = learner.qualification, learner.title
    await tx.execute(
        """
        UPDATE learners
           SET version = $2, real_name = $3, kind = $4, id_number_masked = $5,
               id_number_mac = $6, verified = $7,
               qualification_number = $8, qualification_category = $9,
               qualification_expires_on = $10,
               title_category = $11, title_authority = $12, title_number = $13
         WHERE learner_id = $1
        """,
        learner.learner_id,
        learner.version,
        learner.real_name,
        learner.kind.value,
        learner.id_number_masked,
        learner.id_number_mac,
        learner.verified,
        held.number if held else None,
        held.category if held else None,
        held.expires_on if held else None,
        title.category if title else None,
        title.authority if title else None,
        title.number if title else None,
    )


async def insert_cycle(tx: Tx, cycle: Cycle) -> bool:
    """Note a satisfied cycle. False if it was noted before."""
    inserted = await tx.fetchval(
        """
        INSERT INTO cycles (learner_id, starts_on, ends_on, hours, study_started_on, satisfied_at)
             VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (learner_id, starts_on) DO NOTHING
          RETURNING true
        """,
        cycle.learner_id,
        cycle.starts_on,
        cycle.ends_on,
        cycle.hours,
        cycle.study_started_on,
        cycle.satisfied_at,
    )
    return inserted is not None


async def list_cycles(db: Pool | Tx, learner_id: UUID) -> list[Cycle]:
    """A learner's satisfied cycles, the latest first."""
    rows = await db.fetch(
        """
          SELECT learner_id, starts_on, ends_on, hours, study_started_on, satisfied_at
            FROM cycles
           WHERE learner_id = $1
        ORDER BY starts_on DESC
        """,
        learner_id,
    )
    return [Cycle(**row) for row in rows]


async def list_registrations(db: Pool | Tx, learner_id: UUID) -> list[Registration]:
    rows = await db.fetch(
        """
        SELECT registration_id, learner_id, cycle_starts_on, work_unit, postal_address,
               registered_at
          FROM registrations
         WHERE learner_id = $1
        """,
        learner_id,
    )
    return [Registration(**row) for row in rows]


async def insert_registration(tx: Tx, registration: Registration) -> bool:
    """File a registration. False if the cycle has one already."""
    inserted = await tx.fetchval(
        """
        INSERT INTO registrations (registration_id, learner_id, cycle_starts_on, work_unit,
                                   postal_address, registered_at)
             VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT ON CONSTRAINT one_registration_per_cycle DO NOTHING
          RETURNING true
        """,
        registration.registration_id,
        registration.learner_id,
        registration.cycle_starts_on,
        registration.work_unit,
        registration.postal_address,
        registration.registered_at,
    )
    return inserted is not None


async def list_cohorts(db: Pool | Tx) -> list[date]:
    rows = await db.fetch("SELECT cohort_on FROM cohorts ORDER BY cohort_on")
    return [row["cohort_on"] for row in rows]


async def insert_demo_cohorts(tx: Tx, days: list[date]) -> bool:
    """Add the demo's cohorts. False if they were added before, on whatever days."""
    await tx.execute("LOCK TABLE cohorts IN SHARE ROW EXCLUSIVE MODE")
    if await tx.fetchval("SELECT EXISTS (SELECT FROM cohorts WHERE origin = 'demo')"):
        return False
    await tx.execute(
        """
        INSERT INTO cohorts (cohort_on, origin)
             SELECT day, 'demo'
               FROM unnest($1::date[]) AS day
        ON CONFLICT (cohort_on) DO NOTHING
        """,
        days,
    )
    return True


async def list_due(db: Pool, *, today: date) -> list[UUID]:
    """Learners with a registered cycle whose certificate waits for nothing any more."""
    rows = await db.fetch(
        """
          SELECT registrations.learner_id
            FROM registrations
            JOIN learners USING (learner_id)
            JOIN cycles ON cycles.learner_id = registrations.learner_id
                       AND cycles.starts_on = registrations.cycle_starts_on
           WHERE learners.verified
             AND learners.kind = 'holder'
             AND (cycles.satisfied_at AT TIME ZONE 'Asia/Shanghai')::date
                 <= learners.qualification_expires_on
             AND EXISTS (SELECT FROM cohorts
                          WHERE cohort_on BETWEEN learners.qualification_expires_on AND $1)
             AND NOT EXISTS (SELECT FROM certificates
                              WHERE certificates.learner_id = registrations.learner_id
                                AND certificates.cycle_starts_on = registrations.cycle_starts_on)
        ORDER BY registrations.registered_at
           LIMIT $2
        """,
        today,
        DUE_BATCH,
    )
    return [row["learner_id"] for row in rows]


async def list_unissued(db: Pool) -> list[tuple[Learner, Cycle, bool]]:
    """Satisfied cycles without a certificate, longest waiting first, and whether registered."""
    rows = await db.fetch(
        """
          SELECT learners.*, cycles.starts_on, cycles.ends_on, cycles.hours,
                 cycles.study_started_on, cycles.satisfied_at,
                 registrations.registration_id IS NOT NULL AS registered
            FROM cycles
            JOIN learners USING (learner_id)
       LEFT JOIN registrations ON registrations.learner_id = cycles.learner_id
                              AND registrations.cycle_starts_on = cycles.starts_on
           WHERE NOT EXISTS (SELECT FROM certificates
                              WHERE certificates.learner_id = cycles.learner_id
                                AND certificates.cycle_starts_on = cycles.starts_on)
        ORDER BY cycles.satisfied_at
           LIMIT $1
        """,
        UNISSUED_LIMIT,
    )
    return [(_learner(row), _cycle(row), row["registered"]) for row in rows]


def _cycle(row: asyncpg.Record) -> Cycle:
    names = ("learner_id", "starts_on", "ends_on", "hours", "study_started_on", "satisfied_at")
    return Cycle(**{name: row[name] for name in names})


def _learner(row: asyncpg.Record) -> Learner:
    return Learner(
        learner_id=row["learner_id"],
        version=row["version"],
        real_name=row["real_name"],
        kind=LearnerKind(row["kind"]),
        id_number_masked=row["id_number_masked"],
        id_number_mac=row["id_number_mac"],
        verified=row["verified"],
        qualification=_qualification(row),
        title=_title(row),
    )


def _qualification(row: asyncpg.Record) -> Qualification | None:
    if row["qualification_number"] is None:
        return None
    return Qualification(
        number=row["qualification_number"],
        category=row["qualification_category"],
        expires_on=row["qualification_expires_on"],
    )


def _title(row: asyncpg.Record) -> Title | None:
    if row["title_number"] is None:
        return None
    return Title(
        category=row["title_category"],
        authority=row["title_authority"],
        number=row["title_number"],
    )
