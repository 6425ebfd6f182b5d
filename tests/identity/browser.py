"""A browser without scripts: it keeps cookies, reads forms and sends them back filled in."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.conftest import ORIGIN, Running
from tests.identity.builders import ANSWER, PASSWORD

HTML = {"accept": "text/html"}


@dataclass
class Page(HTMLParser):
    """What a person, or a screen reader, finds in an answer."""

    answer: httpx.Response
    fields: dict[str, str] = field(default_factory=dict)
    invalid: dict[str, str | None] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if tag == "input" and name and (given.get("type") != "radio" or "checked" in given):
            self.fields[name] = given.get("value") or ""
        if given.get("aria-invalid") == "true" and name:
            self.invalid[name] = given.get("aria-describedby")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@dataclass
class Browser:
    """Cookies live in the service's client; pages are asked for in English."""

    client: httpx.AsyncClient

    async def get(self, path: str, **more: Any) -> Page:
        return Page(await self.client.get(path, headers=HTML, **more))

    async def send(self, path: str, fields: dict[str, str]) -> Page:
        """Post what is in the page at this path, changed as given."""
        page = await self.get(path)
        held = {
            name: page.fields[name]
            for name in ("csrf", "captcha_id", "next")
            if name in page.fields
        }
        captcha = {"captcha_answer": ANSWER} if "captcha_id" in held else {}
        return await self.post(path, held | captcha | fields)

    async def post(self, path: str, fields: dict[str, str]) -> Page:
        headers = HTML | {"origin": ORIGIN}
        return Page(await self.client.post(path, data=fields, headers=headers))

    async def sign_in(self, login: str, *, at: str = "/login") -> Page:
        return await self.send(at, {"login": login, "password": PASSWORD})


def browser(running: Running) -> Browser:
    running.client.cookies.clear()
    running.client.cookies.set("lang", "en")
    return Browser(running.client)
