"""The worker that sends: take a mail, let it out, note how it went. No call in a transaction.

A parcel is opened here and nowhere else: what it holds leaves with the mail and is not kept."""

import asyncio

import structlog

from chassis import clock
from chassis.db import DATABASE_AWAY, TRY_AGAIN, Pool, transaction, wait_until_back
from chassis.files import FILES_AWAY
from chassis.parcels import NoSuchParcel, Parcel, Parcels

from . import actions
from .letters import NO_PARCEL, Desk, Letter, Unwritable
from .mailer import Mailer
from .model import Mail, Outcome, Patience, Result

log = structlog.get_logger()

SETTLE_TRIES = 20


class Sender:
    """Several may work at once, in one process or in many: each mail is one sender's."""

    def __init__(
        self, pool: Pool, desk: Desk, mailer: Mailer, patience: Patience, parcels: Parcels
    ) -> None:
        self._pool = pool
        self._desk = desk
        self._mailer = mailer
        self._patience = patience
        self._parcels = parcels

    async def send_due(self) -> int:
        """Send until nothing is due; return how many mails were taken."""
        taken = 0
        while await self.send_next():
            taken += 1
        return taken

    async def send_next(self) -> bool:
        """Send the next mail. False when none is due."""
        async with transaction(self._pool) as tx:
            mail = await actions.claim_mail(tx, patience=self._patience)
        if mail is None:
            return False

        letter, outcome = await self._write(mail)
        if letter:
            outcome = await self._mailer.send(letter)

        await self._settle(mail, outcome, letter)
        log.info(
            "mail_tried", mail_id=str(mail.mail_id), template=mail.template, how=outcome.result
        )
        return True

    async def _settle(self, mail: Mail, outcome: Outcome, letter: Letter | None) -> None:
        """Note the outcome, also when the database is away for a while: forgotten, a mail that
        went out would go out twice."""
        shown = letter.shown if letter else None
        for _ in range(SETTLE_TRIES):
            try:
                async with transaction(self._pool) as tx:
                    return await actions.settle_mail(
                        tx, mail, outcome, letter=shown, patience=self._patience
                    )
            except (*DATABASE_AWAY, *TRY_AGAIN) as reason:
                log.warning("mail_settling_waits", reason=type(reason).__name__)
                await wait_until_back(self._pool)

    async def _write(self, mail: Mail) -> tuple[Letter | None, Outcome]:
        """The letter, or why there is none."""
        if mail.expires_at and mail.expires_at <= clock.now():
            return None, Outcome(Result.EXPIRED)
        parcel, outcome = await self._open(mail)
        if parcel is None:
            return None, outcome
        try:
            # In a thread: a voucher of some megabytes in base64 would hold up everything else.
            return await asyncio.to_thread(self._desk.write, mail, parcel), outcome
        except Unwritable as problem:
            return None, Outcome(Result.UNWRITABLE, str(problem))
        except Exception as problem:
            log.exception("mail_unwritable", mail_id=str(mail.mail_id), template=mail.template)
            return None, Outcome(Result.UNWRITABLE, type(problem).__name__)

    async def _open(self, mail: Mail) -> tuple[Parcel | None, Outcome]:
        """What the mail must hold besides its values, or why that is not to be had."""
        try:
            parcel = await self._parcels.unseal(mail.parcel_id) if mail.parcel_id else NO_PARCEL
        except NoSuchParcel:
            return None, Outcome(Result.NO_PARCEL)
        except FILES_AWAY as problem:
            return None, Outcome(Result.SHELF_AWAY, type(problem).__name__)
        return parcel, Outcome(Result.SENT)
