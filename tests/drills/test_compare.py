"""The drill's own eyes: a fact that is missing, and one that stands there twice, are both seen."""

from tests.drills.compare import Findings


def test_what_is_not_stored_is_lost() -> None:
    findings = Findings()
    findings.expect("beat", acknowledged=[("s", 0), ("s", 1)], stored=[("s", 0)])

    assert (findings.lost, findings.twice) == (["beat ('s', 1)"], [])


def test_what_is_stored_again_is_twice_even_if_nobody_was_told() -> None:
    findings = Findings()
    findings.expect("mail", acknowledged=[], stored=["a", "b", "a"])

    assert (findings.lost, findings.twice) == ([], ["mail a x 2"])


def test_books_that_differ_are_a_loss() -> None:
    findings = Findings()
    findings.expect_same("money booked", 60000, 45000)
    findings.expect_none("mails not sent", 0)

    assert findings.lost == ["money booked: 45000 instead of 60000"]
