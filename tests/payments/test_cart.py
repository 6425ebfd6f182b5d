"""The cart, and the rules that keep a learner from paying for what cannot be theirs."""

from uuid import uuid4

from contracts.catalogue import CourseRetired
from contracts.identity import LearnerKind
from tests.payments.conftest import Shop, course, package

NOT_HOLDERS = (LearnerKind.NEWCOMER, LearnerKind.TITLED)


async def test_the_cart_sums_hours_and_fen_as_catalogue_told_them(shop: Shop) -> None:  # $-1
    learner = shop.learner()
    await learner.put(await shop.sell(hours=10))
    cart = (await learner.put(await shop.sell(hours=30))).json()
    assert (cart["hours"], cart["amount_fen"]) == (40, 60000)
    assert [line["hours"] for line in cart["lines"]] == [10, 30]
    assert (await learner.ask("GET", "/cart")).json() == cart


async def test_putting_an_item_in_twice_is_putting_it_in_once(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell()
    for _ in range(3):
        answer = await learner.put(course_id)
        assert answer.status_code == 200
    assert len(answer.json()["lines"]) == 1


async def test_what_is_removed_is_gone_and_removing_it_again_is_harmless(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell()
    await learner.put(course_id)
    for _ in range(2):
        answer = await learner.ask("DELETE", f"/cart/items/course/{course_id}")
        assert answer.status_code == 200
        assert answer.json()["lines"] == []


async def test_carts_are_their_owners_alone(shop: Shop) -> None:
    await shop.learner().put(await shop.sell())
    assert (await shop.learner().ask("GET", "/cart")).json()["lines"] == []


async def test_a_package_for_others_is_refused(shop: Shop) -> None:  # C-3
    package_id = await shop.sell_package(await shop.sell(), audience=NOT_HOLDERS)
    refused = await shop.learner("holder").put(package_id, "package")
    assert refused.status_code == 403
    assert refused.json()["code"] == "PackageForOtherLearners"
    assert (await shop.learner("newcomer").put(package_id, "package")).status_code == 200
    ordered = await shop.learner("holder").order(package_id, kind="package")
    assert ordered.json()["code"] == "PackageForOtherLearners"


async def test_a_course_inside_a_chosen_package_is_refused_and_named(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell(title="进口铁矿石取制样")
    package_id = await shop.sell_package(course_id, await shop.sell())
    await learner.put(package_id, "package")
    refused = await learner.put(course_id)
    assert refused.status_code == 409
    assert refused.json()["code"] == "CourseInChosenPackage"
    assert "进口铁矿石取制样" in refused.json()["detail"]


async def test_a_package_around_a_chosen_course_is_refused(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell()
    await learner.put(course_id)
    refused = await learner.put(await shop.sell_package(course_id), "package")
    assert refused.json()["code"] == "CourseInChosenPackage"


async def test_packages_that_share_a_course_are_refused_together(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell()
    await learner.put(await shop.sell_package(course_id), "package")
    refused = await learner.put(await shop.sell_package(course_id), "package")
    assert refused.json()["code"] == "PackagesOverlap"


async def test_an_owned_course_is_refused_before_paying(shop: Shop) -> None:
    learner = shop.learner()
    order = await shop.open_order(learner)
    [line] = order["lines"]
    await shop.scan(order["code_url"])
    await shop.until_paid(learner, order["order_id"])

    refused = await learner.put(line["id"])
    assert refused.status_code == 409
    assert refused.json()["code"] == "CourseAlreadyOwned"
    assert (await learner.order(line["id"])).json()["code"] == "CourseAlreadyOwned"
    around = await learner.put(await shop.sell_package(line["id"]), "package")
    assert around.json()["code"] == "PackageHoldsOwnedCourse"


async def test_a_course_bought_meanwhile_is_refused_when_its_other_order_is_paid(
    shop: Shop,
) -> None:
    learner, course_id = shop.learner(), await shop.sell()
    first = (await learner.order(course_id)).json()
    second = (await learner.order(course_id, await shop.sell())).json()
    code_url = (await learner.start_payment(first["order_id"])).json()["code_url"]
    await shop.scan(code_url)
    await shop.until_paid(learner, first["order_id"])
    refused = await learner.start_payment(second["order_id"])
    assert refused.json()["code"] == "CourseAlreadyOwned"


async def test_a_retired_course_is_no_longer_sold(shop: Shop) -> None:
    learner, course_id = shop.learner(), await shop.sell()
    await learner.put(course_id)
    await shop.running.deliver(CourseRetired(course_id=course_id, version=2))
    [line] = (await learner.ask("GET", "/cart")).json()["lines"]
    assert line["refusal"]["code"] == "NoLongerSold"
    assert (await learner.order()).json()["code"] == "NoLongerSold"
    assert (await shop.learner().put(course_id)).json()["code"] == "NoLongerSold"


async def test_a_retirement_that_comes_before_its_publication_holds(shop: Shop) -> None:
    event = course()
    await shop.running.deliver(CourseRetired(course_id=event.course_id, version=2))
    assert (await shop.learner().put(event.course_id)).status_code == 404
    await shop.running.deliver(event)
    assert (await shop.learner().put(event.course_id)).status_code == 404


async def test_a_late_retirement_does_not_stop_a_course_that_was_published_anew(
    shop: Shop,
) -> None:
    event = course(version=3)
    await shop.running.deliver(event)
    await shop.running.deliver(CourseRetired(course_id=event.course_id, version=2))
    assert (await shop.learner().put(event.course_id)).status_code == 200


async def test_an_older_price_does_not_replace_a_newer_one(shop: Shop) -> None:
    new = course(version=3, hours=8)
    await shop.running.deliver(new)
    for version in (1, 2, 3):
        older = course(course_id=new.course_id, version=version, hours=1)
        await shop.running.deliver(older)
    cart = (await shop.learner().put(new.course_id)).json()
    assert cart["amount_fen"] == 12000

    bundle = package(new.course_id, version=2, hours=30)
    await shop.running.deliver(bundle)
    await shop.running.deliver(package(new.course_id, package_id=bundle.package_id, hours=40))
    assert (await shop.learner().put(bundle.package_id, "package")).json()["hours"] == 30


async def test_unknown_things_are_not_found(shop: Shop) -> None:
    learner = shop.learner()
    assert (await learner.put(uuid4())).status_code == 404
    assert (await learner.put(uuid4(), "package")).status_code == 404
    assert (await learner.put(uuid4(), "certificate")).status_code == 422
    assert (await learner.ask("PUT", "/cart/items/course/none")).status_code == 422


async def test_the_cart_asks_who_is_there(shop: Shop) -> None:
    answer = await shop.running.client.get("/api/payments/cart")
    assert answer.status_code == 401
