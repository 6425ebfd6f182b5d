"""A voucher's card: drawn and sealed for its learner, then issued with the decision of the case in
one transaction ($-3, W-1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from chassis import clock, ids
from chassis.db import Pool, transaction
from chassis.parcels import Parcel, Parcels
from chassis.refusals import Refusal

from .actions import decisions
from .model.cards import CardTerms, NewCard, draw_code, draw_serial
from .model.learners import Staff
from .model.matching import Match, rank
from .model.receipts import NoSuchReceipt
from .model.transfers import NoSuchTransfer, Transfer
from .store import receipts as receipts_store
from .store import remittances
from .store import transfers as store

log = structlog.get_logger()

BULK_MAX = 200  # cases in one go


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case when many were asked for at once."""

    transfer: Transfer
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Bureau:
    """Where cards are issued for vouchers."""

    db: Pool
    parcels: Parcels
    terms: CardTerms

    async def issue(
        self, transfer_id: UUID, *, receipt_id: UUID, amount_fen: int | None, by: Staff
    ) -> Transfer:
        """Issue a card of this sum, or of the case's as far as the receipt reaches. A case that is
        accepted already is returned as it is. Raises what `decisions.accept` raises."""
        transfer = await store.get_transfer(self.db, transfer_id)
        if transfer is None:
            raise NoSuchTransfer
        if transfer.accepted:
            return transfer
        card = await self._draw(transfer, receipt_id, amount_fen)
        parcel_id = ids.new_id()
        await self.parcels.seal(parcel_id, Parcel({"code": card.code, "serial": card.serial}))
        async with transaction(self.db) as tx:
            accepted = await decisions.accept(
                tx,
                terms=self.terms,
                transfer_id=transfer_id,
                receipt_id=receipt_id,
                card=card,
                parcel_id=parcel_id,
                by=by,
                now=clock.now(),
            )
        log.info("transfer_accepted", case=accepted.case_number, issued_fen=accepted.issued_fen)
        return accepted

    async def _draw(self, transfer: Transfer, receipt_id: UUID, amount_fen: int | None) -> NewCard:
        receipt = await receipts_store.get_receipt(self.db, receipt_id)
        if receipt is None:
            raise NoSuchReceipt
        reachable = min(transfer.notice.amount_fen, receipt.rest_fen or transfer.notice.amount_fen)
        return NewCard(
            card_id=ids.new_id(),
            holder_name=transfer.learner_name,
            learner_id=transfer.learner_id,
            id_number_mac=None,
            amount_fen=reachable if amount_fen is None else amount_fen,
            case_number=transfer.case_number,
            code=draw_code(),
            serial=draw_serial(clock.now()),
        )

    async def issue_all_sure(self, *, by: Staff) -> list[Outcome]:
        """Issue what is as good as certain, each case for itself; who is refused stays open."""
        waiting = await store.list_open(self.db, after=None, limit=BULK_MAX)
        matches = await match(self.db, waiting)
        return [
            await self._try(transfer, best, by)
            for transfer in waiting
            if (best := next(iter(matches[transfer.transfer_id]), None)) is not None and best.sure
        ]

    async def _try(self, transfer: Transfer, best: Match, by: Staff) -> Outcome:
        try:
            accepted = await self.issue(
                transfer.transfer_id,
                receipt_id=best.receipt.receipt_id,
                amount_fen=transfer.notice.amount_fen,
                by=by,
            )
        except Refusal as refusal:
            return Outcome(transfer, refusal)
        return Outcome(accepted, None)


async def match(db: Pool, transfers: Sequence[Transfer]) -> dict[UUID, list[Match]]:
    """For each case the receipts that may be meant, the likeliest first."""
    found = await remittances.list_candidates(db, transfers)
    return {
        transfer.transfer_id: rank(transfer.claim, found.get(transfer.transfer_id, []))
        for transfer in transfers
    }
