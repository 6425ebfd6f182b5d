"""The cards of a batch as a file to print: PDF to cut out, or CSV for a printing house."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from chassis import clock
from chassis.sheets import csv_bytes
from chassis.typesetting import typeset

from .model.batches import Printed
from .model.money import yuan

TEMPLATE = Path(__file__).parent / "templates" / "card_sheet.typ"
CSV_HEAD = ("序列号", "卡号", "面值（元）", "有效期至")  # for the printing house, which is in China


class SheetForm(StrEnum):
    PDF = "pdf"
    CSV = "csv"


MEDIA_TYPES = {SheetForm.PDF: "application/pdf", SheetForm.CSV: "text/csv; charset=utf-8"}


def draw(
    form: SheetForm,
    cards: Sequence[Printed],
    *,
    face_fen: int,
    expires_on: date,
    made_at: datetime,
) -> bytes:
    """The file. Takes a second of processor time for many cards: call it in a thread."""
    if form is SheetForm.CSV:
        return csv_bytes(
            CSV_HEAD,
            [(card.serial, card.code, yuan(face_fen), expires_on.isoformat()) for card in cards],
        )
    data = {
        "cards": [{"serial": card.serial, "code": card.code} for card in cards],
        "face": f"￥{yuan(face_fen)}",
        "expires": expires_on.isoformat(),
        "made": f"{made_at.astimezone(clock.CHINA):%Y-%m-%d %H:%M}",
    }
    return typeset(TEMPLATE, {"data": json.dumps(data, ensure_ascii=False)}, made_at=made_at)
