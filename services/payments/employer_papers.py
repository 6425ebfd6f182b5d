"""The papers of an employer's case: the quotation, and the sheet of codes ($-5)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

from chassis import clock, sheets
from chassis.parcels import Parcel
from chassis.typesetting import typeset
from chassis.web.filters import money

from .model.employers import EmployerCase, Listed, SheetRow
from .model.money import yuan
from .settings import PaymentsSettings

TEMPLATES = Path(__file__).parent / "templates"
SHEET_HEAD = ("姓名", "身份证号", "学习卡序列号", "卡号", "金额（元）", "有效期至")


def quotation(case: EmployerCase, people: Sequence[Listed], settings: PaymentsSettings) -> bytes:
    """What to transfer, where to, and for whom: a PDF. Call it in a thread."""
    assert case.quoted_at is not None
    assert case.valid_until is not None
    data = {
        "case_number": case.case_number,
        "quoted_on": _day(clock.date_of(case.quoted_at)),
        "valid_until": _day(case.valid_until),
        "employer_name": case.employer.employer_name,
        "tax_number": case.employer.tax_number or "—",
        "contact_name": case.employer.contact_name,
        "phone": case.employer.phone,
        "account": {
            "name": settings.bank_account_name,
            "bank": settings.bank_name,
            "number": settings.bank_account_number,
        },
        "people": [_on_quotation(one) for one in people],
        "count": str(len(people)),
        "hours": str(case.hours),
        "sum": money(case.amount_fen),
    }
    return _document("quotation.typ", data, made_at=case.quoted_at)


def _document(template: str, data: Mapping[str, Any], *, made_at: datetime) -> bytes:
    inputs = {"data": json.dumps(data, ensure_ascii=False)}
    return typeset(TEMPLATES / template, inputs, made_at=made_at)


def _on_quotation(one: Listed) -> dict[str, str]:
    return {
        "position": str(one.position),
        "name": one.person.name,
        "id_number": one.person.id_number_masked,
        "hours": str(one.person.hours),
        "amount": money(one.amount_fen),
    }


def sheet_pdf(case: EmployerCase, rows: Sequence[SheetRow], *, now: datetime) -> bytes:
    """One card for each person, to be cut apart. Call it in a thread."""
    data = {
        "case_number": case.case_number,
        "employer_name": case.employer.employer_name,
        "cards": [
            {
                "name": row.name,
                "id_number": row.id_number_masked,
                "serial": row.serial,
                "code": row.code,
                "amount": money(row.amount_fen),
                "expires_on": _day(row.expires_on),
            }
            for row in rows
        ],
    }
    return _document("employer_cards.typ", data, made_at=now)


def sheet_csv(rows: Sequence[SheetRow]) -> bytes:
    """The same as a table; what looks like a formula is text."""
    return sheets.csv_bytes(
        SHEET_HEAD,
        [
            (
                row.name,
                row.id_number_masked,
                row.serial,
                row.code,
                yuan(row.amount_fen),
                row.expires_on,
            )
            for row in rows
        ],
    )


def pack(rows: Sequence[SheetRow]) -> Parcel:
    """The sheet as it lies sealed until it is handed out."""
    plain = [{**asdict(row), "expires_on": row.expires_on.isoformat()} for row in rows]
    return Parcel({"rows": json.dumps(plain, ensure_ascii=False)})


def unpack(parcel: Parcel) -> list[SheetRow]:
    found: list[dict[str, Any]] = json.loads(parcel.fields["rows"])
    return [
        SheetRow(**{**row, "expires_on": date.fromisoformat(row["expires_on"])}) for row in found
    ]


def _day(value: date) -> str:
    return f"{value.year}年{value.month}月{value.day}日"
