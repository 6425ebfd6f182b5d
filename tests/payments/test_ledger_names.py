"""Whatever is booked has a name that people read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from services import payments
from services.payments.model.ledger import WALLET_PREFIX, Account

HOME = Path(next(iter(payments.__path__)))
KIND = re.compile("[a-z]+(_[a-z]+)+")
NAMES = (HOME / "templates/staff/accounts.html").read_text()


def kinds_in(tree: ast.Module) -> Iterator[str]:
    """The first argument of each `move`; where it is a variable, the words of its function."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "move":
                kind = node.args[0]
                yield from words_in(kind if isinstance(kind, ast.Constant) else function)


def words_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and KIND.fullmatch(str(node.value)):
            yield str(node.value)


def test_every_kind_of_journal_has_a_name() -> None:
    files = [*HOME.glob("model/*.py"), *HOME.glob("actions/*.py")]
    kinds = {kind for file in files for kind in kinds_in(ast.parse(file.read_text()))}

    assert {"order_paid", "card_issued", "card_uncovered", "batch_voided"} <= kinds
    assert {kind for kind in kinds if f'"{kind}"' not in NAMES} == set()


def test_every_account_has_a_name() -> None:
    accounts = {*Account, WALLET_PREFIX.rstrip(":")}

    assert {account for account in accounts if f'"{account}"' not in NAMES} == set()
