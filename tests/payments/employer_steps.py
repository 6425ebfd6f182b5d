"""Builders for employers: cases, lists, money that arrives, cards for all."""

import io
from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import openpyxl
from stdnum.cn import ric

from chassis import clock, ids
from chassis.db import transaction
from chassis.permissions import Permission
from contracts.payments import StudyCardIssued
from services.payments.actions import receipts
from services.payments.model.learners import Staff
from services.payments.model.receipts import Receipt
from tests.conftest import bearer
from tests.payments.cards_steps import CHIEF, CLERK
from tests.payments.conftest import Learner, Shop
from tests.payments.discount_steps import get, known, post

DESK = "/staff/payments/employers"
TAX_NUMBER = "9144030071526726XG"
DETAILS = {
    "employer_name": "青岛检验有限公司",
    "tax_number": TAX_NUMBER,
    "contact_name": "李建平",
    "phone": "0532-85551234",
    "email": "li@example.com",
}
Line = tuple[str, str, object]


def number_of(place: int) -> str:
    """A valid ID number; each place has its own."""
    body = f"3702021990010{place % 9 + 1}{place:03d}"
    return body + ric.calc_check_digit(body + "0")


def line_of(place: int, hours: object = 40) -> Line:
    return (f"学员{place}", number_of(place), hours)


def csv_of(*lines: Line, head: Iterable[str] = ("姓名", "身份证号", "学时")) -> bytes:
    rows = [",".join(head), *(",".join(map(str, line)) for line in lines)]
    return "\r\n".join(rows).encode()


def excel_of(*rows: Iterable[Any]) -> bytes:
    """An Excel file of these rows, the headings first."""
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (("姓名", "身份证号", "学时"), *rows):
        book.active.append(list(row))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


async def open_case(learner: Learner, **details: Any) -> dict[str, Any]:
    answer = await learner.ask("POST", "/employers", json={**DETAILS, **details})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def send(
    learner: Learner, case_id: str, content: bytes, *, name: str = "list.csv", **data: str
) -> httpx.Response:
    return await learner.ask(
        "PUT", f"/employers/{case_id}/list", files={"file": (name, content)}, data=data
    )


async def quoted(shop: Shop, learner: Learner, *lines: Line) -> dict[str, Any]:
    """A case that waits for its money; three people where no list is given."""
    case = await open_case(learner)
    taken = await send(learner, case["case_id"], csv_of(*(lines or map(line_of, range(3)))))
    assert taken.status_code == 200, taken.text
    answer = await learner.ask("POST", f"/employers/{case['case_id']}/quotation")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def case_of(learner: Learner, case_id: str) -> dict[str, Any]:
    return dict((await learner.ask("GET", f"/employers/{case_id}")).json())


async def arrive(
    shop: Shop, amount_fen: int, *, remark: str = "", payer: str = "王芳", by: Staff = CLERK
) -> UUID:
    """Money reached the bank; the receipt's id."""
    receipt = Receipt(
        receipt_id=ids.new_id(),
        bank_reference=f"CCB{ids.new_id().hex[-16:].upper()}",
        payer_name=payer,
        remark=remark,
        amount_fen=amount_fen,
        received_on=date(2026, 11, 28),
        allocated_fen=0,
        recorded_by=by.staff_id,
        recorded_by_name=by.name,
        recorded_at=clock.now(),
    )
    async with transaction(shop.running.pool) as tx:
        assert await receipts.record(tx, receipt)
    return receipt.receipt_id


def chief(staff_token: Any, *, who: Staff = CHIEF) -> dict[str, str]:
    """Who issues cards, as the desk knows them."""
    rights = (Permission.PAYMENTS_READ, Permission.PAYMENTS_CASES, Permission.PAYMENTS_CARDS)
    return bearer(staff_token(*rights, staff_id=who.staff_id))


async def issue(
    shop: Shop, headers: dict[str, str], case_id: str, receipt_id: UUID
) -> httpx.Response:
    path = f"{DESK}/{case_id}/issue"
    return await post(shop.running.client, headers, path, data={"receipt_id": str(receipt_id)})


async def paid(shop: Shop, staff_token: Any, learner: Learner, *lines: Line) -> dict[str, Any]:
    """A case whose cards are issued."""
    case = await quoted(shop, learner, *lines)
    receipt_id = await arrive(shop, case["amount_fen"], remark=case["case_number"])
    done = await issue(shop, chief(staff_token), case["case_id"], receipt_id)
    assert done.status_code == 303, done.text
    return case


async def sheet(shop: Shop, learner: Learner, case_id: str, file_type: str) -> httpx.Response:
    path = f"/employers/{case_id}/sheet"
    return await post(shop.running.client, learner.headers, path, data={"file_type": file_type})


async def issued_events(shop: Shop) -> list[StudyCardIssued]:
    return [
        StudyCardIssued.model_validate_json(message.body)
        for message in await shop.running.told()
        if message.name == StudyCardIssued.name
    ]


__all__ = ["get", "known", "post"]


async def count(shop: Shop, table: str) -> int:
    value: int = await shop.running.pool.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
    return value


async def registered(shop: Shop, place: int) -> Learner:
    """The person of that place on the list has an account."""
    return await known(shop, shop.learner(), id_number=number_of(place), name=f"学员{place}")
