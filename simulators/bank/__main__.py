"""`python -m simulators.bank --port 9003 --prefix /simulators/bank` serves the bank;
`python -m simulators.bank --rows 20 > statement.csv` writes a statement of invented payments."""

import argparse
import random
import sys
from decimal import Decimal
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from simulators.bank.app import ENCODINGS, create_app
from simulators.bank.book import Book

HOST = "127.0.0.1"
PAYERS = ("王海燕", "李建平", "青岛检验有限公司", "烟台检测中心", "国家税务总局")
HOUR_YUAN = 15


def main() -> None:
    options = _options()
    if options.rows:
        sys.stdout.buffer.write(_invented(options.rows).statement(options.encoding))
        return
    app = create_app(options.data_dir)
    if options.prefix:
        app = Starlette(routes=[Mount(options.prefix, app)])
    uvicorn.run(app, host=HOST, port=options.port, log_level="warning")


def _invented(rows: int) -> Book:
    """Money in, and now and then money out."""
    book = Book()
    for number in range(rows):
        payer = PAYERS[number % len(PAYERS)]
        hours = random.randint(1, 40) * (-1 if payer == PAYERS[-1] else 1)
        book.add(payer, Decimal(hours * HOUR_YUAN), "继续教育")
    return book


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9003)
    parser.add_argument("--prefix", default="", help="path that everything stands below")
    parser.add_argument("--data-dir", type=Path, help="keeps the movements; without it, memory")
    parser.add_argument("--rows", type=int, help="write a statement of so many rows, and end")
    parser.add_argument("--encoding", choices=ENCODINGS, default=ENCODINGS[0])
    return parser.parse_args()


if __name__ == "__main__":
    main()
