"""The shared page layer, seen through a small application that stands in for a service."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.refusals import Invalid, Refusal, Unavailable
from chassis.web import filters, i18n
from chassis.web.forms import Form, parse, read_form
from chassis.web.pages import HERE, Pages, error_page, page, see_other

FORM = """
{% extends "base.html" %}
{% from "components.html" import checkbox, choices, csrf, error_summary, field, select, textarea %}
{% block title %}{{ _("Register") }}{% endblock %}
{% block content %}
<form method="post">{{ csrf() }}{{ error_summary(refusal) }}
{{ field("mobile", "Mobile") }}{{ field("password", "Password", type="password") }}
{{ select("area", "Area", [("a", "A"), ("b", "B")]) }}{{ textarea("reason", "Reason") }}
{{ choices("kind", "Kind", [("holder", "Holder"), ("titled", "Titled")]) }}
{{ checkbox("agreed", "Agreed", checked=true) }}
</form>
<p id="unsafe">{{ _(unsafe) }}</p><p id="filled">{{ _("Replay: %(name)s", name=unsafe) }}</p>
{% endblock %}
"""


class Registration(BaseModel):
    mobile: str = Field(min_length=11)
    area: str | None = None
    choices: list[str] = []


async def _register(request: Request) -> Response:
    if request.method == "GET":
        return page(request, "form.html", unsafe="<b>")
    try:
        form = await read_form(request)
    except Refusal as refusal:
        return error_page(request, refusal)
    try:
        parse(Registration, form)
    except Invalid as refusal:
        return page(
            request, "form.html", form=form, refusal=refusal, unsafe="<b>", status=refusal.status
        )
    return see_other("/register", request=request, flash="The event will be tried again now.")


async def _away(request: Request) -> Response:
    return error_page(request, Unavailable(retry_after_seconds=7))


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "form.html").write_text(FORM)
    routes = [
        Route("/register", _register, methods=["GET", "POST"]),
        Route("/away", _away),
        Route("/staff/away", _away),
    ]
    app = Starlette(routes=routes)
    app.state.pages = Pages("demo", tmp_path, phones=("010-62383899",), email="a@example.com")
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        yield client


async def _post(browser: httpx.AsyncClient, **fields: str) -> httpx.Response:
    shown = await browser.get("/register")
    token = re.search(r'name="csrf" value="([^"]+)"', shown.text)
    assert token is not None
    return await browser.post("/register", data={"csrf": token[1], **fields})


async def test_chinese_comes_first_and_the_choice_is_remembered(browser: httpx.AsyncClient) -> None:
    assert '<html lang="zh-CN">' in (await browser.get("/register")).text
    english = await browser.get("/register?lang=en")
    assert "Skip to the content" in english.text
    assert 'href="/register?lang=zh"' in english.text
    assert '<html lang="en">' in (await browser.get("/register")).text


async def test_an_english_browser_alone_does_not_switch_to_english(
    browser: httpx.AsyncClient,
) -> None:
    answer = await browser.get("/register", headers={"accept-language": "en-GB,en;q=0.9"})
    assert '<html lang="zh-CN">' in answer.text


async def test_a_refused_form_keeps_what_was_typed_but_no_password(
    browser: httpx.AsyncClient,
) -> None:
    answer = await _post(browser, mobile='"><b>138', password="secret-1", area="b", kind="titled")
    assert answer.status_code == 422
    assert "至少 11 个字符。" in answer.text
    assert 'href="#f-mobile"' in answer.text
    assert 'aria-invalid="true" aria-describedby="f-mobile-error"' in answer.text
    assert 'value="&#34;&gt;&lt;b&gt;138"' in answer.text
    assert "secret-1" not in answer.text
    assert '<option value="b" selected>' in answer.text
    assert 'value="titled" checked' in answer.text
    assert 'name="agreed" value="yes">' in answer.text  # it was sent unticked


@pytest.mark.parametrize("token", ["", "x" * 43, "é"])
async def test_a_form_without_our_token_is_refused(browser: httpx.AsyncClient, token: str) -> None:
    await browser.get("/register")
    answer = await browser.post("/register", data={"csrf": token, "mobile": "13800000000"})
    assert answer.status_code == 403


async def test_the_token_alone_without_its_cookie_is_refused(browser: httpx.AsyncClient) -> None:
    await browser.get("/register")
    token = browser.cookies["csrf"]
    browser.cookies.clear()
    assert (await browser.post("/register", data={"csrf": token})).status_code == 403


async def test_the_token_cookie_is_out_of_reach_of_scripts(browser: httpx.AsyncClient) -> None:
    cookie = (await browser.get("/register")).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


async def test_a_message_is_shown_once_on_the_next_page(browser: httpx.AsyncClient) -> None:
    answer = await _post(browser, mobile="13800000000")
    assert answer.status_code == 303
    assert "马上重新办理这件事。" in (await browser.get("/register")).text
    assert "马上重新办理这件事。" not in (await browser.get("/register")).text


async def test_a_damaged_message_cookie_is_ignored(browser: httpx.AsyncClient) -> None:
    for value in ("%%%", "e30=", "bnVsbA==", "x" * 3000):
        answer = await browser.get("/register", headers={"cookie": f"flash={value}"})
        assert answer.status_code == 200
        assert "notice" not in answer.text


async def test_only_our_own_sentences_may_carry_markup(browser: httpx.AsyncClient) -> None:
    text = (await browser.get("/register")).text
    assert '<p id="unsafe">&lt;b&gt;</p>' in text
    assert '<p id="filled">重放：&lt;b&gt;</p>' in text


async def test_a_refusal_is_a_page_that_says_when_to_come_back(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/away")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "7"
    assert "平台有一部分暂时没有回应" in answer.text
    assert "010-62383899" in answer.text  # T
    assert '<body class="staff">' in (await browser.get("/staff/away")).text


async def test_pages_hold_no_inline_style_or_script(browser: httpx.AsyncClient) -> None:
    for path in ("/register", "/away", "/staff/away"):
        text = (await browser.get(path)).text
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", text), path


def test_empty_fields_count_as_missing() -> None:
    with pytest.raises(Invalid) as refused:
        parse(Registration, Form([("mobile", "  ")]))
    assert refused.value.errors == {"mobile": "Please fill this in."}


def test_a_field_given_more_than_once_is_a_list() -> None:
    form = Form([("mobile", "13800000000"), ("choices", "1"), ("choices", "3")])
    assert parse(Registration, form).choices == ["1", "3"]


def test_money_dates_and_lengths_of_time_read_as_on_paper() -> None:
    i18n.speak(i18n.Translator(i18n.CHINESE, i18n.read_catalogue(HERE / "locale")))
    late = datetime(2026, 11, 16, 16, 22, tzinfo=UTC)
    assert filters.money(60000) == "￥600.00"
    assert filters.money(-1234505) == "−￥12,345.05"
    assert filters.day(date(2026, 3, 1)) == "2026年3月1日"
    assert filters.moment(late) == "2026年11月17日 00:22"  # seen from Shanghai
    assert filters.clock(1660) == "27:40"
    assert filters.clock(3725) == "1:02:05"
    assert filters.duration(1040) == "17 分 20 秒"
    assert filters.duration(0) == "0 秒"
    assert filters.hours(40) == "40 学时"
