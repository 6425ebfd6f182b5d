"""What must stand in no log: personal numbers, tokens and codes of study cards by their shape, the
tests' passwords."""

import re

PASSWORDS = (
    "correct horse battery",
    "Wheat-Cargo-77",
    "tic-edu-2026 Zhongjian",
    "drill only: nine brown owls",
)
SHAPES = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(19|20)\d{9}[\dXx](?![0-9A-Za-z])"  # ID number
    r"|(?<!\d)1[3-9]\d{9}(?!\d)"  # mobile number
    r"|eyJ[\w-]{10,}\.[\w-]+\.[\w-]+"  # access token
    r"|(?<![\w-])[0-9a-f]{32}\.[\w-]{43}(?![\w-])"  # link token
    r"|(?<![\w-])[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}(?![\w-])"  # study card's code
)


def leaks_in(log: str) -> list[str]:
    """What stands before each leak, for finding it; JSON lines only, since the greeting that a
    demo prints for a person does show its accounts."""
    lines = [line[line.index('{"') :] for line in log.splitlines() if '{"' in line]
    shapes = [line[: found.start()][-120:] for line in lines if (found := SHAPES.search(line))]
    return shapes + [line[:120] for line in lines if any(word in line for word in PASSWORDS)]
