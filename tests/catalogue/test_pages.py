"""Pages in both languages, for visitors and learners."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from services.catalogue import demo
from tests.catalogue.conftest import order_paid
from tests.conftest import Running, bearer

COURSE = demo.stable_id("course", "draft-survey")
PACKAGE = demo.stable_id("package", "holders-30")
NOTICE = demo.stable_id("notice", "cycle")
PAGES = [
    "/",
    "/courses",
    "/courses?kind=elective&q=%E6%B0%B4%E5%B0%BA&sort=hours",
    f"/courses/{COURSE}",
    "/packages",
    f"/packages/{PACKAGE}",
    "/notices",
    f"/notices/{NOTICE}",
    "/guide",
]


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_speaks_both_languages(demo_catalogue: Running, path: str) -> None:
    chinese = await demo_catalogue.client.get(path)
    english = await demo_catalogue.client.get(path, params={"lang": "en"})

    assert chinese.status_code == english.status_code == 200
    assert '<html lang="zh-CN">' in chinese.text
    assert '<html lang="en">' in english.text
    assert "010-62383899" in chinese.text  # T
    assert chinese.text.count("<h1>") == 1


async def test_the_home_page_says_what_there_is(demo_catalogue: Running) -> None:
    text = (await demo_catalogue.client.get("/")).text

    assert "四年学满 40 学时" in text
    assert "13 门课程、50 学时" in text
    assert 'action="/certificates/search"' in text
    assert "每四年为一个学习周期" in text


async def test_the_home_page_is_there_without_any_course(catalogue: Running) -> None:
    text = (await catalogue.client.get("/")).text

    assert "现在没有通知" in text


async def test_the_home_page_knows_its_learner(
    demo_catalogue: Running, learner_token: Callable[..., str]
) -> None:
    learner_id = uuid4()
    headers = bearer(learner_token(learner_id))
    before = (await demo_catalogue.client.get("/", headers=headers)).text

    await demo_catalogue.deliver(order_paid(learner_id, COURSE))
    after = (await demo_catalogue.client.get("/", headers=headers)).text

    assert "钟检，您好" in before
    assert "您还没有课程" in before
    assert "您已购 <strong>6 学时</strong>" in after


async def test_a_course_says_how_its_coursewares_are_studied(  # C-4, P-2, P-5
    demo_catalogue: Running,
) -> None:
    text = (await demo_catalogue.client.get(f"/courses/{COURSE}")).text

    lessons = text.split('<ol class="outline-list">')[1].split("</ol>")[0].split("</li>")[:6]
    assert ["最快 1.5 倍速" in lesson for lesson in lessons] == [True, *[False] * 3, True, False]
    assert "最快 1.25 倍速" in lessons[2]
    assert ["弹出练习题" in lesson for lesson in lessons] == [True, False, *[True] * 4]


async def test_the_cart_button_is_a_form_for_learners_and_a_link_for_visitors(  # C-4
    demo_catalogue: Running, learner_token: Callable[..., str]
) -> None:
    learner_id = uuid4()
    headers = bearer(learner_token(learner_id))
    address = f"/courses/{COURSE}"
    action = f'action="/cart/items/course/{COURSE}"'

    assert action not in (await demo_catalogue.client.get(address)).text
    assert f"/login?next=/courses/{COURSE}" in (await demo_catalogue.client.get(address)).text
    page = (await demo_catalogue.client.get(address, headers=headers)).text
    assert action in page
    assert 'name="csrf"' in page

    await demo_catalogue.deliver(order_paid(learner_id, COURSE))
    assert action not in (await demo_catalogue.client.get(address, headers=headers)).text


async def test_the_pager_keeps_the_filters(demo_catalogue: Running) -> None:
    first = (await demo_catalogue.client.get("/courses?kind=elective&sort=hours")).text
    following = first.split('rel="next"')[0].rpartition('href="')[2].rstrip('" ')
    following = following.replace("&amp;", "&")

    assert "13 门课程" in first
    assert "kind=elective&sort=hours&cursor=" in following
    second = (await demo_catalogue.client.get(following)).text
    assert second.count("<article") == 1
    assert 'href="/courses?kind=elective&amp;sort=hours"' in second


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("q=" + "x" * 61, "最多 60 个字符。"),
        ("kind=free", "请从选项中选择一个。"),
        ("cursor=x", "找不到列表的这个位置，请从第一页开始。"),
    ],
)
async def test_a_bad_search_says_what_is_wrong(
    demo_catalogue: Running, query: str, sentence: str
) -> None:
    response = await demo_catalogue.client.get(f"/courses?{query}")

    assert response.status_code == 422
    assert sentence in response.text


async def test_a_search_without_results_says_so(demo_catalogue: Running) -> None:
    response = await demo_catalogue.client.get("/courses", params={"q": "没有这样的课"})

    assert "没有找到课程" in response.text
    assert 'value="没有这样的课"' in response.text


@pytest.mark.parametrize("path", ["/courses/7", "/packages/x", "/notices/x"])
async def test_what_is_not_there_is_a_page_that_says_so(catalogue: Running, path: str) -> None:
    for address in (path, f"{path.rpartition('/')[0]}/{uuid4()}"):
        response = await catalogue.client.get(address)
        assert response.status_code == 404
        assert "<h1>" in response.text


async def test_the_guide_tells_the_limits_that_are_set(catalogue: Running) -> None:
    text = (await catalogue.client.get("/guide")).text

    assert "请不要同时打开多个课件" in text  # P-4
    assert "5 分钟没有键盘" in text  # P-3
    assert "11001085800056014693" in text  # $-3
