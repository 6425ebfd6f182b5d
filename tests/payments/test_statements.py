"""Bank statements, read as Chinese banks write them: good as a whole, or refused row by row."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.model import money, statements
from services.payments.model.statements import Statement, Trouble
from tests.payments.transfers_steps import HEADS, statement

TODAY = date(2026, 11, 28)
GOOD = "2026-11-20,钟检,,600.00,3702611160084417,转账,7K3Q9M0X"


def read(content: bytes) -> Statement:
    return statements.read(content, today=TODAY)


def troubles(content: bytes) -> list[tuple[int, Trouble]]:
    return [(fault.line, fault.trouble) for fault in read(content).faults]


def test_a_row_says_who_paid_what_and_when() -> None:
    [entry] = read(statement(GOOD)).entries
    assert entry.bank_reference == "3702611160084417"
    assert (entry.payer_name, entry.remark) == ("钟检", "转账 7K3Q9M0X")
    assert (entry.amount_fen, entry.received_on) == (60000, date(2026, 11, 20))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_every_encoding_of_a_bank_is_read(encoding: str) -> None:
    text = statement(GOOD).decode()
    [entry] = read(text.encode(encoding)).entries
    assert entry.payer_name == "钟检"


HEADS_OF_BANKS = [
    ("交易时间,付款人,收入金额,流水号,附言", '2026/1/5 10:22:33,钟检,"1,500.00",N1,x'),
    ("交易日期,对方户名,金额,交易流水号,备注", "20260105,钟检,+1500,N1,x"),
    ("记账日期,对方户名,借贷标志,交易金额,流水号,用途", "2026年1月5日,钟检,贷,1500.0,N1,x"),
    ("Date,Payer,Credit Amount,Debit Amount,Transaction ID,Remark", "2026-01-05,钟检,1500,,N1,x"),
    ("Transaction Date\tCounterparty\tAmount\tReference\tMemo", "2026-01-05\t钟检\t￥1500\tN1\tx"),
    (
        "账号,账户名称,交易时间,借方发生额（支取）,贷方发生额（收入）,余额,币种,对方户名,摘要,账户明细编号-交易流水号",
        '110,协会,20260105 10:22:33,0.00,"1,500.00","9,000.00",人民币,钟检,x,="N1"',
    ),
]


@pytest.mark.parametrize(("heads", "row"), HEADS_OF_BANKS)
def test_columns_are_found_by_their_names(heads: str, row: str) -> None:
    [entry] = read(statement(row, heads=heads)).entries
    assert (entry.bank_reference, entry.payer_name, entry.remark) == ("N1", "钟检", "x")
    assert (entry.amount_fen, entry.received_on) == (150_000, date(2026, 1, 5))


def test_what_banks_write_around_the_table_is_passed_over() -> None:
    content = statement(
        "账号,11001085800056014693,,,,,",
        HEADS,
        GOOD,
        ",,,,,,",
        "合计,,0.00,600.00,,,",
        heads="中国建设银行账户明细",
    )
    assert len(read(content).entries) == 1


def test_money_that_went_out_is_counted_and_left_alone() -> None:
    read_one = read(
        statement(
            GOOD,
            "2026-11-20,税务局,500.00,,N2,税,",
            "2026-11-20,税务局,500.00,0.00,N3,税,",
            "2026-11-20,税务局,500.00,--,N4,税,",
        )
    )
    assert (len(read_one.entries), read_one.ignored, read_one.faults) == (1, 3, [])
    signed = statement("20260105,税务局,-500,N1,x", heads="交易日期,对方户名,金额,流水号,备注")
    assert read(signed).ignored == 1
    flagged = "日期,付款人,借贷标志,金额,流水号"
    assert read(statement("20260105,税务局,借,500,N1", heads=flagged)).ignored == 1
    assert troubles(statement("20260105,税务局,?,500,N1", heads=flagged)) == [(2, Trouble.AMOUNT)]


def test_every_row_that_is_wrong_is_reported() -> None:
    rows = statement(
        GOOD,
        "昨天,钟检,,600.00,N2,,",
        "2026-02-30,钟检,,600.00,N3,,",
        "2026-12-24,钟检,,600.00,N4,,",
        "2026-11-20,钟检,,15.005,N5,,",
        '2026-11-20,钟检,,"60,0.00",N6,,',
        "2026-11-20,钟检,,六百,N7,,",
        "2026-11-20,钟检,,-600.00,N8,,",
        "2026-11-20,钟检,,600.00,,,",
        "2026-11-20,钟检,,,N9,,",
        f"2026-11-20,{'钟' * 201},,600.00,N10,,",
    )
    assert troubles(rows) == [
        (3, Trouble.DAY),
        (4, Trouble.DAY),
        (5, Trouble.FUTURE),
        (6, Trouble.AMOUNT),
        (7, Trouble.AMOUNT),
        (8, Trouble.AMOUNT),
        (9, Trouble.NEGATIVE),
        (10, Trouble.NUMBER),
        (11, Trouble.AMOUNT),
        (12, Trouble.TOO_LONG),
    ]


def test_a_number_that_comes_twice_is_one_movement_or_a_fault() -> None:
    assert read(statement(GOOD, GOOD)).repeated == 1
    assert troubles(statement(GOOD, GOOD.replace("600.00", "601.00"))) == [(3, Trouble.TWICE)]


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (b"", Trouble.NO_HEAD),
        (b"a,b,c\r\n1,2,3\r\n", Trouble.NO_HEAD),
        (HEADS.encode(), Trouble.NO_ROWS),
        (b"\xff\xfe\x00\x01", Trouble.NOT_TEXT),
        (b"PK\x03\x04\x00\x00", Trouble.NOT_TEXT),
        (b'"' + b"x" * 200_000, Trouble.NOT_TEXT),
    ],
)
def test_a_file_that_is_no_statement_says_why(content: bytes, trouble: Trouble) -> None:
    assert troubles(content) == [(0, trouble)]


def test_five_thousand_rows_are_read_and_one_more_is_refused() -> None:
    rows = [GOOD.replace("3702611160084417", f"N{number}") for number in range(5001)]
    assert len(read(statement(*rows[:5000])).entries) == 5000
    assert troubles(statement(*rows)) == [(0, Trouble.TOO_MANY_ROWS)]


@given(st.integers(min_value=0, max_value=10**12))
def test_every_sum_is_exact(fen: int) -> None:
    assert money.fen(money.yuan(fen)) == fen
    assert money.fen(f"￥{fen // 100:,}.{fen % 100:02d} 元") == fen


@pytest.mark.parametrize(
    "text", ["", "15.005", "1e3", "NaN", "1,00", "--5", "0x1f", "٣", "9" * 41, "1.2.3", "Infinity"]
)
def test_what_is_no_sum_is_refused(text: str) -> None:
    with pytest.raises(money.NotAnAmount):
        money.fen(text)


@given(st.binary(max_size=300))
def test_no_file_breaks_the_reader(content: bytes) -> None:
    for file in (content, HEADS.encode() + b"\r\n" + content):
        entries = read(file).entries
        assert all(entry.amount_fen > 0 and entry.bank_reference for entry in entries)
