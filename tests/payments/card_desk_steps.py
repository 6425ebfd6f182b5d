"""Two persons of finance at the desk of study cards."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest

from chassis import ids
from chassis.permissions import ROLES, Permission
from chassis.web.forms import CSRF_COOKIE
from services.payments.model.batches import Batch
from services.payments.model.learners import Staff
from services.payments.store import batches as store
from tests.conftest import bearer
from tests.payments.cards_steps import receive
from tests.payments.conftest import MakeShop, Shop

TOKEN = "t" * 43
CARDS = "/staff/payments/cards"


@dataclass(frozen=True)
class Person:
    """Somebody of the association, signed in."""

    staff: Staff
    client: httpx.AsyncClient
    headers: dict[str, str]

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path, headers=self.headers)

    async def post(self, path: str, **fields: object) -> httpx.Response:
        headers = {**self.headers, "Cookie": f"{CSRF_COOKIE}={TOKEN}"}
        data = {"csrf": TOKEN, **{name: str(value) for name, value in fields.items()}}
        return await self.client.post(path, data=data, headers=headers)


@dataclass(frozen=True)
class Desk:
    """The shop with its finance people: `clerk` records and drafts, `chief` approves."""

    shop: Shop
    clerk: Person
    chief: Person
    reader: Person

    async def draft(
        self,
        *,
        cards: int = 3,
        face: str = "150",
        receipt_id: UUID | None = None,
        batch_id: UUID | None = None,
        by: Person | None = None,
    ) -> httpx.Response:
        receipt_id = receipt_id or await self.receive(cards * 15000)
        return await (by or self.clerk).post(
            f"{CARDS}/batches",
            batch_id=batch_id or ids.new_id(),
            receipt_id=receipt_id,
            cards=cards,
            face=face,
            note="青岛培训班",
        )

    async def receive(self, amount_fen: int) -> UUID:
        """Bank money that the clerk has recorded."""
        return await receive(self.shop, amount_fen, by=self.clerk.staff)

    async def drafted(self, *, cards: int = 3, receipt_id: UUID | None = None) -> str:
        """The path of a new batch."""
        answer = await self.draft(cards=cards, receipt_id=receipt_id)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def approved(self, *, cards: int = 3) -> str:
        path = await self.drafted(cards=cards)
        assert (await self.chief.post(f"{path}/approval")).status_code == 303
        return path

    async def printed(self, *, cards: int = 3) -> tuple[str, list[str]]:
        """The path of a batch whose sheet was taken, and the codes on it."""
        path = await self.approved(cards=cards)
        return path, codes_on(await self.chief.post(f"{path}/sheet", form="csv"))

    async def delivered(self, *, cards: int = 3) -> tuple[str, list[str]]:
        path, codes = await self.printed(cards=cards)
        assert (await self.chief.post(f"{path}/activation")).status_code == 303
        return path, codes


def codes_on(sheet: httpx.Response) -> list[str]:
    assert sheet.status_code == 200, sheet.text
    lines = sheet.content.decode("utf-8-sig").splitlines()
    return [line.split(",")[1] for line in lines[1:]]


async def batch_of(desk: Desk, path: str) -> Batch:
    batch = await store.get_batch(desk.shop.running.pool, UUID(path.rpartition("/")[2]))
    assert batch is not None
    return batch


@pytest.fixture
async def desk(make_shop: MakeShop, staff_token: Callable[..., str]) -> Desk:
    shop = await make_shop()

    def person(name: str, *permissions: Permission) -> Person:
        staff_id = ids.new_id()
        headers = bearer(staff_token(*permissions, staff_id=staff_id))
        return Person(Staff(staff_id, name), shop.running.client, headers)

    finance = sorted(ROLES["finance"])
    return Desk(
        shop,
        person("孙雯", *finance),
        person("钱进", *finance),
        person("何平", Permission.PAYMENTS_READ),
    )
