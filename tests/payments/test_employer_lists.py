"""Employers' lists: every row is judged, and nothing is taken over unless all are good ($-5)."""

import io
import zipfile
from typing import Any

import openpyxl
import pytest
from stdnum.cn import ric

from services.payments import employer_lists
from services.payments.model.people import Flaw
from tests.payments.conftest import Learner, Shop
from tests.payments.discount_steps import get, post
from tests.payments.employer_steps import (
    Line,
    case_of,
    csv_of,
    excel_of,
    line_of,
    number_of,
    open_case,
    send,
)

GOOD = number_of(1)
WRONG_CHECK = "110105199004086789"  # the notice's own example (I-3)


async def refused(learner: Learner, content: bytes, **data: str) -> list[str]:
    """The places of what is wrong; the case is as empty as before."""
    case = await open_case(learner)
    answer = await send(learner, case["case_id"], content, **data)
    assert answer.status_code == 422, answer.text
    assert (await case_of(learner, case["case_id"]))["people"] == []
    return [each["field"] for each in answer.json()["errors"]]


async def test_a_list_in_csv_is_summed_at_fifteen_yuan_an_hour(shop: Shop) -> None:  # $-1, $-5
    learner = shop.learner()
    case = await open_case(learner)
    taken = await send(learner, case["case_id"], csv_of(line_of(1, 10), line_of(2, 30)))
    assert taken.status_code == 200
    shown = taken.json()
    assert (shown["hours"], shown["amount_fen"]) == (40, 60000)
    assert [person["name"] for person in shown["people"]] == ["学员1", "学员2"]
    assert shown["people"][0]["id_number_masked"] == f"370202********{number_of(1)[-4:]}"


async def test_a_list_in_excel_is_read_wherever_its_columns_stand(shop: Shop) -> None:  # $-5
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (
        ["2026 年继续教育名单"],
        [],
        ["序号", "学时", "身份证号码", "姓 名"],
        [1, 40, GOOD, "王海燕"],
        [],
        [2, 10.0, number_of(2).lower(), "欧阳·检"],
    ):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    learner = shop.learner()
    case = await open_case(learner)
    taken = await send(learner, case["case_id"], content.getvalue(), name="list.xlsx")
    assert [(one["name"], one["hours"]) for one in taken.json()["people"]] == [
        ("王海燕", 40),
        ("欧阳·检", 10),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("head", ["姓名,身份证号,学时", "Name,ID number,Credit hours"])
async def test_csv_of_any_office_is_read(shop: Shop, encoding: str, head: str) -> None:
    learner = shop.learner()
    case = await open_case(learner)
    content = f"{head}\n王海燕,'{GOOD},４０\n".encode(encoding)
    taken = await send(learner, case["case_id"], content)
    assert taken.status_code == 200, taken.text
    assert taken.json()["people"][0]["name"] == "王海燕"
    assert taken.json()["hours"] == 40


@pytest.mark.parametrize("delimiter", [";", "\t"])
async def test_other_delimiters_are_understood(shop: Shop, delimiter: str) -> None:
    learner = shop.learner()
    case = await open_case(learner)
    content = csv_of(line_of(1)).replace(b",", delimiter.encode())
    assert (await send(learner, case["case_id"], content)).status_code == 200


@pytest.mark.parametrize(
    ("line", "flaw"),
    [
        (("", GOOD, 40), Flaw.NO_NAME),
        (("长" * 51, GOOD, 40), Flaw.NAME_TOO_LONG),
        (("@SUM(A1)", GOOD, 40), Flaw.NAME_IS_FORMULA),
        (("+王海燕", GOOD, 40), Flaw.NAME_IS_FORMULA),
        (("王海燕", "", 40), Flaw.NO_NUMBER),
        (("王海燕", "1.10105E+17", 40), Flaw.ROUNDED),
        (("王海燕", GOOD[:-1], 40), Flaw.WRONG_LENGTH),
        (("王海燕", "A" + GOOD[1:], 40), Flaw.WRONG_LETTERS),
        (("王海燕", "110105199013406782", 40), Flaw.WRONG_DATE),
        (("王海燕", "110105210004086788", 40), Flaw.WRONG_DATE),
        (("王海燕", WRONG_CHECK, 40), Flaw.CHECK_FAILED),
        (("王海燕", GOOD, 0), Flaw.WRONG_HOURS),
        (("王海燕", GOOD, 201), Flaw.WRONG_HOURS),
        (("王海燕", GOOD, "1.5"), Flaw.WRONG_HOURS),
        (("王海燕", GOOD, -1), Flaw.WRONG_HOURS),
        (("王海燕", GOOD, ""), Flaw.WRONG_HOURS),
        (("=HYPERLINK(1)", GOOD, 40), Flaw.FORMULA),
    ],
)
async def test_a_bad_row_is_named_and_nothing_is_taken_over(  # $-5
    shop: Shop, line: Line, flaw: Flaw
) -> None:
    assert await refused(shop.learner(), csv_of(line_of(3), line)) == [f"rows.3.{flaw}"]


async def test_every_bad_row_is_named_with_all_that_is_wrong(shop: Shop) -> None:  # $-5
    content = csv_of(("", "1", 0), line_of(2), ("王海燕", GOOD, "x"))
    assert await refused(shop.learner(), content) == [
        "rows.2.no_name",
        "rows.2.wrong_length",
        "rows.2.wrong_hours",
        "rows.4.wrong_hours",
    ]


async def test_a_person_listed_twice_is_named_with_the_first_row(shop: Shop) -> None:  # $-5
    learner = shop.learner()
    case = await open_case(learner)
    twice = csv_of(line_of(1), line_of(2), ("另名", number_of(1), 10))
    answer = await send(learner, case["case_id"], twice)
    [error] = answer.json()["errors"]
    assert error["field"] == "rows.4.twice"
    assert "第 2 行" in error["message"]


async def test_a_failed_check_character_may_be_confirmed(shop: Shop) -> None:  # I-3
    learner = shop.learner()
    case = await open_case(learner)
    content = csv_of(("钟检", WRONG_CHECK, 40))
    assert (await send(learner, case["case_id"], content)).status_code == 422
    confirmed = await send(learner, case["case_id"], content, confirmed="true")
    assert confirmed.status_code == 200
    assert len(confirmed.json()["people"]) == 1


async def test_an_id_number_that_excel_made_a_figure_is_refused(shop: Shop) -> None:  # $-5
    content = excel_of(["王海燕", int(GOOD[:17] + "0"), 40])
    assert await refused(shop.learner(), content) == ["rows.2.rounded"]


@pytest.mark.parametrize(
    "row", [["=A1", GOOD, 40], ["王海燕", "=B1&C1", 40], ["王海燕", GOOD, "=20+20"]]
)
async def test_formula_cells_are_refused(shop: Shop, row: list[Any]) -> None:  # $-5
    assert await refused(shop.learner(), excel_of(row)) == ["rows.2.formula"]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", "list.no_headings"),
        ("姓名,学时\n王海燕,40\n".encode(), "list.no_headings"),
        (csv_of(), "list.no_people"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "list.old_excel"),
        (b"PK\x03\x04" + b"\0" * 100, "list.unreadable"),
        (b"\xff\xfe\x31\x00", "list.unreadable"),
        (b"\xff\xff\xff", "list.unreadable"),
    ],
)
async def test_what_is_no_list_is_refused_with_a_way_out(
    shop: Shop, content: bytes, place: str
) -> None:
    assert await refused(shop.learner(), content) == [place]


async def test_a_list_holds_a_thousand_people_and_no_more(shop: Shop) -> None:  # $-5
    lines = [("王海燕", number_of_many(place), 1) for place in range(1001)]
    assert await refused(shop.learner(), csv_of(*lines)) == ["list.too_many"]
    learner = shop.learner()
    case = await open_case(learner)
    taken = await send(learner, case["case_id"], csv_of(*lines[:1000]))
    assert taken.json()["amount_fen"] == 1_500_000


def number_of_many(place: int) -> str:
    body = f"37020219{60 + place // 300:02d}0101{place % 300:03d}"
    return body + ric.calc_check_digit(body + "0")


async def test_a_file_over_two_megabytes_is_too_large(shop: Shop) -> None:  # $-5
    learner = shop.learner()
    case = await open_case(learner)
    answer = await send(learner, case["case_id"], b"x" * 2_000_001)
    assert (answer.status_code, answer.json()["code"]) == (413, "ListTooLarge")


async def test_an_excel_file_that_unpacks_without_end_is_not_read(shop: Shop) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 50_000_000)
    learner = shop.learner()
    case = await open_case(learner)
    answer = await send(learner, case["case_id"], target.getvalue(), name="list.xlsx")
    assert answer.status_code == 413


async def test_a_new_list_takes_the_place_of_the_old_one(shop: Shop) -> None:
    learner = shop.learner()
    case = await open_case(learner)
    await send(learner, case["case_id"], csv_of(line_of(1), line_of(2)))
    again = await send(learner, case["case_id"], csv_of(line_of(2, 10)))
    assert [one["hours"] for one in again.json()["people"]] == [10]


async def test_id_numbers_are_nowhere_in_clear(shop: Shop) -> None:  # I-9, case 47
    learner = shop.learner()
    case = await open_case(learner)
    await send(learner, case["case_id"], csv_of(line_of(1)))
    await refused(shop.learner(), csv_of(("", GOOD, 40)))
    rows = await shop.running.pool.fetch("SELECT * FROM employer_people")
    assert rows
    assert all(GOOD not in str(tuple(row.values())) for row in rows)


async def test_the_templates_are_lists_without_people(shop: Shop) -> None:  # $-5
    learner = shop.learner()
    for file_type in ("csv", "xlsx"):
        path = f"/employers/list-template.{file_type}"
        answer = await get(shop.running.client, learner.headers, path)
        assert answer.status_code == 200
        assert f'list-template.{file_type}"' in answer.headers["content-disposition"]
        assert employer_lists.read(answer.content) == []
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert sheet.column_dimensions["B"].number_format == "@"
    assert employer_lists.read(excel_of(["a", "b", 1]))[0].line == 2


async def test_the_page_names_rows_and_how_to_mend_them(shop: Shop) -> None:  # $-5
    learner, client = shop.learner(), shop.running.client
    case = await open_case(learner)
    here = f"/employers/{case['case_id']}"
    content = csv_of(line_of(1), ("<b>王</b>", GOOD[:-1], 0))
    shown = await post(client, learner.headers, f"{here}/list", files={"list": ("a.csv", content)})
    assert shown.status_code == 422
    for words in ("名单未导入", "身份证号应为 18 位，现为 17 位", "学时须为 1 到 200 的整数"):
        assert words in shown.text
    missing = await post(client, learner.headers, f"{here}/list")
    assert missing.status_code == 422
    good = await post(
        client, learner.headers, f"{here}/list", files={"list": ("a.csv", csv_of(line_of(1)))}
    )
    assert (good.status_code, good.headers["location"]) == (303, here)
    assert "学员1" in (await get(client, learner.headers, here)).text
