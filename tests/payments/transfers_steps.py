"""Builders for bank transfers: who pays, what a voucher looks like, what a bank writes."""

import re
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID

import httpx
import pikepdf
from PIL import Image

from chassis import clock, idnumbers, ids
from chassis.parcels import Parcel, Parcels
from chassis.permissions import Permission
from chassis.web.forms import CSRF_COOKIE
from contracts.event import Event
from contracts.identity import LearnerKind, LearnerRegistered
from services.payments.settings import PaymentsSettings
from tests.conftest import bearer
from tests.payments.conftest import Learner, Shop

TOKEN = "t" * 43
ID_NUMBER = "110105199004086789"
HEADS = "交易日期,对方户名,借方发生额（支出）,贷方发生额（收入）,交易流水号,摘要,备注"
DESK = "/staff/payments/transfers"
RECEIPTS = "/staff/payments/receipts"


@dataclass(frozen=True)
class Clerk:
    """A person of the association at the desk."""

    staff_id: UUID
    client: httpx.AsyncClient
    headers: dict[str, str]

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path, headers=self.headers)

    async def post(self, path: str, *, files: Any = None, **fields: str) -> httpx.Response:
        return await post(self, path, files=files, **fields)


async def post(
    who: Clerk | Learner, path: str, *, files: Any = None, **fields: str
) -> httpx.Response:
    """A form of ours, sent as a browser sends it."""
    headers = {**who.headers, "Cookie": f"{CSRF_COOKIE}={TOKEN}"}
    data = {"csrf": TOKEN, **fields}
    return await who.client.post(path, data=data, files=files, headers=headers)


def clerk(shop: Shop, staff_token: Any, *rights: Permission) -> Clerk:
    """Somebody with these rights; with all that this desk needs where none is named."""
    given = rights or (
        Permission.PAYMENTS_READ,
        Permission.PAYMENTS_CASES,
        Permission.PAYMENTS_RECEIPTS,
    )
    staff_id = ids.new_id()
    token = staff_token(*given, staff_id=staff_id)
    return Clerk(staff_id, shop.running.client, bearer(token))


async def known_learner(
    shop: Shop, *, name: str = "钟检", id_number: str = ID_NUMBER, email: str = "zj@example.com"
) -> Learner:
    """A learner of whom identity has told."""
    learner = shop.learner()
    settings: PaymentsSettings = shop.running.service.app.state.settings
    key = settings.id_number_mac_key.get_secret_value()
    await shop.running.deliver(
        LearnerRegistered(
            learner_id=learner.learner_id,
            version=1,
            account_name=f"{name}1101056789",
            real_name=name,
            kind=LearnerKind.HOLDER,
            email=email,
            id_number_masked=idnumbers.mask(id_number),
            id_number_mac=idnumbers.id_number_mac(key, id_number),
            verified=True,
            registered_at=clock.now(),
        )
    )
    return learner


def picture(kind: str = "JPEG", *, size: tuple[int, int] = (80, 60), **more: Any) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, "orange").save(file, kind, **more)
    return file.getvalue()


def pdf(pages: int = 1, **more: Any) -> bytes:
    """A PDF that has pages of some text."""
    file = BytesIO()
    with pikepdf.new() as made:
        for _ in range(pages):
            page = made.add_blank_page(page_size=(200, 200))
            page.obj.Contents = made.make_stream(b"BT ET 0 0 10 10 re f")
        made.save(file, **more)
    return file.getvalue()


async def hand_in(
    learner: Learner,
    *,
    amount_fen: int = 60000,
    payer_name: str = "钟检",
    voucher: bytes | None = None,
    file_name: str = "voucher.jpg",
    key: str | None = None,
    **more: str,
) -> httpx.Response:
    """A voucher at the API."""
    return await learner.ask(
        "POST",
        "/transfers",
        data={"amount_fen": str(amount_fen), "payer_name": payer_name, **more},
        files={"voucher": (file_name, voucher or picture(), "image/jpeg")},
        headers={"Idempotency-Key": key} if key else {},
    )


async def case_of(learner: Learner, **more: Any) -> dict[str, Any]:
    answer = await hand_in(learner, **more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def record(
    who: Clerk,
    *,
    amount: str = "600.00",
    payer_name: str = "钟检",
    remark: str = "",
    bank_reference: str = "",
    received_on: date | None = None,
) -> UUID:
    """Bank money, typed by hand; the receipt's id."""
    answer = await who.post(
        RECEIPTS,
        amount=amount,
        payer_name=payer_name,
        remark=remark,
        bank_reference=bank_reference or f"CCB{ids.new_id().hex}",
        received_on=str(received_on or clock.today()),
    )
    assert answer.status_code == 303, answer.text
    return UUID(answer.headers["location"].rpartition("/")[2])


async def issue(who: Clerk, case: dict[str, Any], receipt_id: UUID, **more: str) -> httpx.Response:
    path = f"{DESK}/{case['transfer_id']}/cards"
    return await who.post(path, receipt_id=str(receipt_id), **more)


def statement(*rows: str, heads: str = HEADS) -> bytes:
    return "\r\n".join([heads, *rows, ""]).encode()


async def upload(who: Clerk, content: bytes) -> httpx.Response:
    """A statement, imported."""
    files = {"statement": ("明细.csv", content, "text/csv")}
    return await who.post(f"{RECEIPTS}/import", files=files)


async def events(shop: Shop, kind: type[Event]) -> list[Any]:
    told = await shop.running.told()
    return [kind.model_validate_json(m.body) for m in told if m.name == kind.name]


async def parcel(shop: Shop, parcel_id: UUID) -> Parcel:
    parcels: Parcels = shop.running.service.app.state.parcels
    return await parcels.unseal(parcel_id)


def reference_on(page: str) -> str:
    """The remittance reference that a page shows."""
    found = re.search(r"<strong>([0-9A-Z]{8})</strong>", page)
    assert found, "no reference on the page"
    return found[1]
