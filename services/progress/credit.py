"""What one heartbeat earns (P-2, P-3, P-4, P-8). Pure: milliseconds in, milliseconds out.

A session's time is one line that starts with the session. Each beat accounts for the stretch
since the beat before it: every millisecond of it is either credited or has a reason. The line
never runs past the server's clock, so all beats of a session together earn at most the time that
passed on the server, however they are repeated, delayed, reordered or dated.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why time was not credited (P-9)."""

    IDLE = "idle"
    HIDDEN = "hidden"
    PAUSED = "paused"
    SECOND_COURSEWARE = "second_courseware"
    TOO_FAST = "too_fast"  # or jumped forward
    JUMPED_BACK = "jumped_back"
    RESTARTED = "restarted"  # before the courseware started again (P-5)
    STALLED = "stalled"  # the media moved less than the clock
    LOST_NETWORK = "lost_network"  # nothing was heard


class State(StrEnum):
    """What a session's last beat said."""

    COUNTING = "counting"
    PAUSED = "paused"
    IDLE = "idle"
    HIDDEN = "hidden"
    TOO_FAST = "too_fast"


class Span(NamedTuple):
    """From this instant until that, in ms since the epoch."""

    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time that was not credited."""

    reason: Reason
    from_ms: int
    until_ms: int

    def until(self, ms: int) -> Iterator["Stretch"]:
        """The part before an instant, if there is one."""
        if self.from_ms < ms:
            yield replace(self, until_ms=min(self.until_ms, ms))

    def since(self, ms: int) -> Iterator["Stretch"]:
        """The part after an instant, if there is one."""
        if self.until_ms > ms:
            yield replace(self, from_ms=max(self.from_ms, ms))


@dataclass(frozen=True, slots=True)
class Rules:
    """The bounds, from the settings."""

    interval_ms: int  # how often a page beats
    idle_limit_ms: int  # P-3
    late_ms: int = 600_000  # P-8: how long a beat may wait in the page

    @property
    def beat_cap_ms(self) -> int:
        """The most that one beat earns: a laptop that slept does not earn its sleep."""
        return self.interval_ms * 3 // 2

    @property
    def silence_ms(self) -> int:
        """Without a beat for so long, a session is not open any more (P-4)."""
        return self.interval_ms * 3

    @property
    def reach_ms(self) -> int:
        """How long before its arrival a beat may still earn."""
        return self.late_ms + self.beat_cap_ms

    @property
    def memory_ms(self) -> int:
        """How long it matters what was open."""
        return self.reach_ms + self.silence_ms

    @property
    def lead_ms(self) -> int:
        """How far the media may run ahead of the clock: a shaky network delays beats unevenly."""
        return 3_000 + self.interval_ms // 2


ENOUGH = 0.9  # of the media time that the clock and the rate promise counts as all of it
REWIND_MS = 1_000  # media positions are not exact


@dataclass(frozen=True, slots=True)
class Beat:
    """What a page said of the time since its last beat. `page_ms` is the page's own clock."""

    seq: int
    received_ms: int
    page_ms: int
    waited_ms: int  # in the page, before it was sent
    position_ms: int
    rate: float
    playing: bool
    visible: bool
    idle_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a session stands after its last beat."""

    accounted_ms: int
    position_ms: int
    seq: int = -1
    page_ms: int | None = None
    ahead_ms: int = 0
    state: State = State.COUNTING


@dataclass(frozen=True, slots=True)
class Opening:
    """What is settled when a courseware is opened, for all its beats."""

    started_ms: int
    position_ms: int
    document: bool
    max_rate: float


@dataclass(frozen=True, slots=True)
class Verdict:
    standing: Standing
    credited: tuple[Span, ...]
    uncredited: tuple[Stretch, ...]

    @property
    def credited_ms(self) -> int:
        return sum(span.until_ms - span.from_ms for span in self.credited)


def judge(
    standing: Standing,
    beat: Beat,
    *,
    opening: Opening,
    rivals: Sequence[Span],
    ended_ms: int | None,
    void_ms: int,
    void_reason: Reason = Reason.RESTARTED,
    rules: Rules,
) -> Verdict:
    """Account for the time between a session's last beat and this one.

    `rivals` are the times in which the learner had another session open; `ended_ms` is when this
    session was left or completed; time up to `void_ms` earns nothing, as a rule because the
    courseware started again then.
    """
    start = standing.accounted_ms
    end = _accounted_until(standing, beat, ended_ms, rules)
    account = _Account(start, end)
    if void_ms > start:
        account.take(void_reason, start, void_ms)
    for rival in rivals:
        account.take(Reason.SECOND_COURSEWARE, rival.from_ms, rival.until_ms)

    state, ahead_ms = _not_studying(beat, opening, rules), standing.ahead_ms
    if state in _WHOLE:
        account.take(_WHOLE[state], start, end)
    else:
        account.take(Reason.IDLE, end - beat.idle_ms + rules.idle_limit_ms, end)
        too_late = beat.waited_ms > rules.late_ms
        account.take(Reason.LOST_NETWORK, start, end if too_late else end - rules.beat_cap_ms)
        if not opening.document and end > start:
            ahead_ms = _check_media(standing, beat, account, rules)
            if account.holds(Reason.TOO_FAST):
                state = State.TOO_FAST

    after = Standing(
        accounted_ms=end,
        position_ms=beat.position_ms,
        seq=max(standing.seq, beat.seq),
        page_ms=beat.page_ms,
        ahead_ms=ahead_ms,
        state=state,
    )
    return Verdict(after, account.free, account.stretches())


def _accounted_until(standing: Standing, beat: Beat, ended_ms: int | None, rules: Rules) -> int:
    """The instant, on the server's clock, that a beat speaks of.

    Differences of the page's clock say how far a late beat lies after the one before it; the
    server's clock bounds them, so that a wrong or lying page clock earns nothing.
    """
    latest = beat.received_ms - min(max(beat.waited_ms, 0), rules.late_ms)
    until = latest
    if standing.page_ms is not None:
        claimed = beat.page_ms - standing.page_ms
        if claimed > -rules.interval_ms:  # else the page's clock was set back
            until = min(latest, standing.accounted_ms + max(claimed, 0))
    until = max(until, beat.received_ms - rules.late_ms)
    if ended_ms is not None:
        until = min(until, ended_ms)
    return max(until, standing.accounted_ms)


_WHOLE = {
    State.HIDDEN: Reason.HIDDEN,
    State.PAUSED: Reason.PAUSED,
    State.TOO_FAST: Reason.TOO_FAST,
}


def _not_studying(beat: Beat, opening: Opening, rules: Rules) -> State:
    """What the beat says of itself. A document that can be seen is being studied."""
    if not beat.visible:
        return State.HIDDEN
    if not opening.document and not beat.playing:
        return State.PAUSED
    if not opening.document and not 0 < beat.rate <= opening.max_rate:
        return State.TOO_FAST
    return State.IDLE if beat.idle_ms >= rules.idle_limit_ms else State.COUNTING


def _check_media(standing: Standing, beat: Beat, account: "_Account", rules: Rules) -> int:
    """Credit what was played: the media must have moved as the clock and the rate say (P-2).

    Returns how far the media has run ahead of the clock so far.
    """
    before_ms = standing.position_ms
    if standing.seq < 0 and beat.position_ms < before_ms:
        before_ms = 0  # the learner began again instead of resuming
    moved_ms = beat.position_ms - before_ms
    played_ms = moved_ms / beat.rate
    wall_ms = account.end - account.start
    ahead_ms = standing.ahead_ms + round(played_ms - wall_ms)

    if played_ms > wall_ms and ahead_ms > rules.lead_ms:
        account.take(Reason.TOO_FAST, account.start, account.end)
        return standing.ahead_ms
    if moved_ms < -REWIND_MS:
        account.take(Reason.JUMPED_BACK, account.start, account.end)
        return standing.ahead_ms
    if played_ms < ENOUGH * wall_ms:
        account.leave_at_most(max(int(played_ms), 0), Reason.STALLED)
    return max(ahead_ms, 0)


class _Account:
    """The stretch that a beat speaks of, from which uncredited time is taken piece by piece."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self._free = [Span(start, end)] if end > start else []
        self._taken: list[Stretch] = []

    @property
    def free(self) -> tuple[Span, ...]:
        return tuple(self._free)

    @property
    def free_ms(self) -> int:
        return sum(span.until_ms - span.from_ms for span in self._free)

    def take(self, reason: Reason, from_ms: int, until_ms: int) -> None:
        """Whatever is still free between the two instants is not credited, for this reason."""
        left: list[Span] = []
        for span in self._free:
            cut = Span(max(span.from_ms, from_ms), min(span.until_ms, until_ms))
            if cut.from_ms >= cut.until_ms:
                left.append(span)
                continue
            self._taken.append(Stretch(reason, *cut))
            parts = (Span(span.from_ms, cut.from_ms), Span(cut.until_ms, span.until_ms))
            left += [part for part in parts if part.from_ms < part.until_ms]
        self._free = left

    def leave_at_most(self, ms: int, reason: Reason) -> None:
        """Take from the beginning until no more than this is free."""
        for span in list(self._free):
            surplus = self.free_ms - ms
            if surplus > 0:
                self.take(reason, span.from_ms, min(span.until_ms, span.from_ms + surplus))

    def holds(self, reason: Reason) -> bool:
        return any(stretch.reason is reason for stretch in self._taken)

    def stretches(self) -> tuple[Stretch, ...]:
        return tuple(sorted(self._taken, key=lambda stretch: stretch.from_ms))


def page_clock_at(start_ms: int, beats: Iterable[Beat]) -> int | None:
    """What the page's clock showed at a session's start, by the beat that travelled fastest.

    The first beat may be the slowest; alone it would put its own delay between start and study.
    """
    ahead = [beat.page_ms - beat.received_ms + beat.waited_ms for beat in beats]
    return start_ms + max(ahead) if ahead else None


def joined(stretches: Iterable[Stretch], tail: Stretch | None = None) -> list[Stretch]:
    """Neighbouring stretches with one reason as one; `tail` is the newest that was kept before,
    and comes first when it was lengthened."""
    result: list[Stretch] = []
    last = tail
    for stretch in stretches:
        if last and last.reason is stretch.reason and last.until_ms >= stretch.from_ms:
            last = replace(last, until_ms=max(last.until_ms, stretch.until_ms))
            if result:
                result.pop()
            result.append(last)
        else:
            last = stretch
            result.append(last)
    return result
