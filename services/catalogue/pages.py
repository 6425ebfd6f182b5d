"""The pages of catalogue: home, course centre, course, packages, notices, guide."""

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.refusals import Invalid
from chassis.web.deps import Db
from chassis.web.forms import Form, parse
from chassis.web.pages import page
from chassis.web.who import Anyone, MaybeLearner

from .model import CourseNotFound, NoticeNotFound, PackageNotFound
from .queries import CourseQuery, cursor_of
from .settings import CatalogueSettings
from .store import listings, owned, texts

HOME_NOTICES: Final = 5
ALL_NOTICES: Final = 100
COURSES_A_PAGE: Final = 12
PACKAGES_SHOWN: Final = 100

router = APIRouter(dependencies=[Anyone], include_in_schema=False)


@router.get("/")
async def show_home(request: Request, db: Db, who: MaybeLearner) -> Response:
    """What this is, what one has to study, the notices, the certificate query, the way in."""
    return page(
        request,
        "home.html",
        settings=_settings(request),
        counts=await listings.count_by_kind(db),
        packages=await listings.list_packages(db, learner_id=None, limit=PACKAGES_SHOWN),
        notices=await texts.list_notices(db, limit=HOME_NOTICES),
        owned_hours=await owned.sum_owned_hours(db, who.subject) if who else 0,
        learner=who,
    )


@router.get("/courses")
async def show_courses(request: Request, db: Db, who: MaybeLearner) -> Response:
    """The course centre 「选课中心」 (C-4)."""
    form = Form(request.query_params.multi_items())
    try:
        asked = parse(CourseQuery, form)
        after = asked.after()
        refusal, status = None, 200
    except Invalid as invalid:
        asked, after = CourseQuery(), None
        refusal, status = invalid, invalid.status
    learner_id = who.subject if who else None
    found, total = await listings.find_courses(
        db, asked.search(learner_id), limit=COURSES_A_PAGE + 1, after=after
    )
    shown = found[:COURSES_A_PAGE]
    return page(
        request,
        "courses.html",
        status=status,
        form=form,
        refusal=refusal,
        asked=asked,
        courses=shown,
        total=total,
        area_options=[(area, area) for area in await listings.list_areas(db, asked.kind)],
        counts=await listings.count_by_kind(db),
        owned_hours=await owned.sum_owned_hours(db, who.subject) if who else 0,
        settings=_settings(request),
        learner=who,
        **_pager(asked, shown, more=len(found) > COURSES_A_PAGE),
    )


@router.get("/courses/{course_id}")
async def show_course(request: Request, db: Db, who: MaybeLearner, course_id: UUID) -> Response:
    course = await listings.get_course(db, course_id, learner_id=who.subject if who else None)
    if course is None:
        raise CourseNotFound
    return page(request, "course.html", course=course, learner=who)


@router.get("/packages")
async def show_packages(request: Request, db: Db, who: MaybeLearner) -> Response:
    """Packages 「打包课程」 (C-3)."""
    packages = await listings.list_packages(
        db, learner_id=who.subject if who else None, limit=PACKAGES_SHOWN
    )
    return page(request, "packages.html", packages=packages, learner=who)


@router.get("/packages/{package_id}")
async def show_package(request: Request, db: Db, who: MaybeLearner, package_id: UUID) -> Response:
    package = await listings.get_package(db, package_id, learner_id=who.subject if who else None)
    if package is None:
        raise PackageNotFound
    return page(request, "package.html", package=package, learner=who)


@router.get("/notices")
async def show_notices(request: Request, db: Db) -> Response:
    return page(request, "notices.html", notices=await texts.list_notices(db, limit=ALL_NOTICES))


@router.get("/notices/{notice_id}")
async def show_notice(request: Request, db: Db, notice_id: UUID) -> Response:
    notice = await texts.get_notice(db, notice_id)
    if notice is None:
        raise NoticeNotFound
    return page(request, "notice.html", notice=notice)


@router.get("/guide")
async def show_guide(request: Request) -> Response:
    """The study guide 「学习指南」: the rules of the notices as this platform keeps them."""
    return page(request, "guide.html", settings=_settings(request))


def _settings(request: Request) -> CatalogueSettings:
    settings: CatalogueSettings = request.app.state.settings
    return settings


def _pager(asked: CourseQuery, shown: list[Any], *, more: bool) -> dict[str, str | None]:
    """Links to the next page and back to the first, with the same filters."""
    filters = asked.model_dump(mode="json", exclude={"cursor", "limit"}, exclude_defaults=True)
    first = f"/courses?{urlencode(filters)}".rstrip("?")
    following = urlencode({**filters, "cursor": cursor_of(asked.sort, shown[-1])}) if more else ""
    return {
        "first_url": first if asked.cursor else None,
        "next_url": f"/courses?{following}" if more else None,
    }
