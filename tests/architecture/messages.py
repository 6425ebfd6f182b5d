"""Finds every sentence that a person may read: in templates and in Python."""

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2.ext import babel_extract

ROOT = Path(__file__).parents[2]
OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
KEYWORDS = ("_", "gettext", "ngettext")
CALLS = {"_", "N_", "gettext", "ngettext", "Sentence", "markup"}


def folders() -> list[Path]:
    """The folders that have a catalogue of their own: the chassis' pages and each service."""
    services = [path.parent for path in sorted((ROOT / "services").glob("*/__init__.py"))]
    return [ROOT / "chassis", *services]


def locale_of(folder: Path) -> Path:
    return (folder / "web" if folder.name == "chassis" else folder) / "locale"


def sentences(folder: Path) -> Iterator[tuple[str, str]]:
    """(where, msgid) of everything that is shown in this folder's pages and answers."""
    for path in sorted(folder.rglob("*.html")):
        if "templates" in path.parts:
            yield from _template(path)
    refusals = refusal_names()
    for path in sorted(folder.rglob("*.py")):
        yield from _python(path, refusals)


def _template(path: Path) -> Iterator[tuple[str, str]]:
    with path.open("rb") as file:
        for line, _, message, _ in babel_extract(file, KEYWORDS, (), OPTIONS):
            first = message if isinstance(message, str) else message[0] if message else None
            if first:
                yield f"{path.relative_to(ROOT)}:{line}", first


def refusal_names() -> set[str]:
    """Every class of the tree that is a Refusal, however far down."""
    bases: dict[str, set[str]] = {}
    for top in ("chassis", "services"):
        for path in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    bases[node.name] = {_name(base) for base in node.bases}
                elif isinstance(node, ast.ImportFrom) and node.module == "chassis.refusals":
                    bases |= {one.asname: {one.name} for one in node.names if one.asname}
    found = {"Refusal"}
    while True:
        more = {name for name, above in bases.items() if above & found} - found
        if not more:
            return found
        found |= more


def _python(path: Path, refusals: set[str]) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.ClassDef):
            if node.name in refusals:
                yield from ((where, text) for text in _docstring(node))
            if any("Model" in _name(base) for base in node.bases):
                yield from ((where, text) for text in _raised(node))
        if isinstance(node, ast.Call):
            yield from ((where, text) for text in _told(node, refusals))


def _docstring(node: ast.ClassDef) -> list[str]:
    text = ast.get_docstring(node)
    return [" ".join(text.split())] if text else []


def _raised(node: ast.ClassDef) -> list[str]:
    """What a pydantic model's validators say: raise ValueError("…")."""
    calls = [n.exc for n in ast.walk(node) if isinstance(n, ast.Raise)]
    return [
        text
        for call in calls
        if isinstance(call, ast.Call) and _name(call.func) == "ValueError"
        for text in _strings(call.args[:1])
    ]


def _told(node: ast.Call, refusals: set[str]) -> list[str]:
    name = _name(node.func)
    found = _strings(node.args[:1]) if name in CALLS else []
    if name in refusals and node.args and isinstance(node.args[0], ast.Dict):
        found += _strings(node.args[0].values)
    return found + _strings([word.value for word in node.keywords if word.arg == "flash"])


def _strings(nodes: list[ast.expr]) -> list[str]:
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
