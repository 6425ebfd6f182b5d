"""A second, slow opinion on study credit (P-2 to P-5, P-8, P-9), written from the rules alone.

A set of milliseconds is a whole number with a bit for each of them: `|`, `&` and `& ~` are union,
common part and difference, and nothing has to be right about the edges of intervals. A learner's
log is taken turn by turn; nothing is forgotten, summed up or shortened on the way.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from services.progress.credit import Beat, Opening, Reason, Rules

Millis = int

ALL_BUT_A_TENTH = 0.9  # of the media may lag unseen
REWIND_MS = 1_000


class Settled(NamedTuple):
    """Time until then earns nothing, for this reason."""

    until_ms: int
    reason: Reason


@dataclass
class Account:
    """A session's one line of time, from its start to where its beats have spoken of it."""

    until_ms: int
    position_ms: int
    page_ms: int | None = None
    seq: int = -1
    ahead_ms: int = 0
    credited: Millis = field(default=0, repr=False)
    reasons: dict[Reason, Millis] = field(default_factory=lambda: defaultdict(int), repr=False)

    def keep(self, before: "Account", when: Millis) -> None:
        """For these milliseconds, say again what was said before."""
        self.credited = before.credited & when | self.credited & ~when
        for reason in Reason:
            self.reasons[reason] = before.reasons[reason] & when | self.reasons[reason] & ~when


@dataclass
class Studied:
    """A session: its facts, every beat that was taken, and its account."""

    courseware_id: UUID
    opening: Opening
    account: Account
    ended_ms: int | None = None
    taken: dict[int, Beat] = field(default_factory=dict)
    heard: Millis = field(default=0, repr=False)  # within the silence after start or beat
    ever_credited: Millis = field(default=0, repr=False)

    @property
    def credited_ms(self) -> int:
        return self.account.credited.bit_count()


class Reference:
    """One learner."""

    def __init__(self, rules: Rules, *, origin_ms: int) -> None:
        self._rules = rules
        self._origin_ms = origin_ms
        self._void_ms: dict[UUID, int] = defaultdict(lambda: origin_ms)
        self.lost_ms: dict[UUID, int] = defaultdict(int)
        self.sessions: dict[UUID, Studied] = {}

    def between(self, from_ms: int, until_ms: int) -> Millis:
        """The milliseconds from one instant until the other."""
        first, last = (max(at - self._origin_ms, 0) for at in (from_ms, until_ms))
        return (1 << last) - (1 << first) if last > first else 0

    # What happens

    def open(self, session_id: UUID, courseware_id: UUID, opening: Opening) -> None:
        account = Account(opening.started_ms, opening.position_ms)
        self.sessions[session_id] = Studied(courseware_id, opening, account)
        self._hear(self.sessions[session_id], opening.started_ms)

    def end(self, session_id: UUID, at_ms: int) -> None:
        self.sessions[session_id].ended_ms = at_ms

    def restart(self, courseware_id: UUID, at_ms: int) -> None:
        """All that was earned is lost, and nothing is earned any more for the time until now."""
        self._void_ms[courseware_id] = at_ms
        self.lost_ms[courseware_id] = self._earned_ms(courseware_id)

    def take(self, turn: Mapping[UUID, Sequence[Beat]]) -> None:
        fresh = {session_id: self._fresh(session_id, beats) for session_id, beats in turn.items()}
        fresh = {session_id: beats for session_id, beats in fresh.items() if beats}
        behind = {
            session_id
            for session_id, beats in fresh.items()
            if beats[0].seq <= self.sessions[session_id].account.seq
        }
        for session_id in fresh.keys() - behind:
            self._set_page_clock(self.sessions[session_id], fresh[session_id])
        in_time = ((key, beats) for key, beats in fresh.items() if key not in behind)
        for session_id, beat in _by_arrival(in_time):
            self._take(self.sessions[session_id], beat)
        for session_id in sorted(behind):
            self._take_behind(self.sessions[session_id], fresh[session_id])

    # What it comes to

    def credited_ms(self, courseware_id: UUID) -> int:
        """What stands for a courseware: since its last restart."""
        return self._earned_ms(courseware_id) - self.lost_ms[courseware_id]

    def _earned_ms(self, courseware_id: UUID) -> int:
        mine = (s for s in self.sessions.values() if s.courseware_id == courseware_id)
        return sum(session.credited_ms for session in mine)

    # How a beat is judged

    def _fresh(self, session_id: UUID, beats: Sequence[Beat]) -> list[Beat]:
        """By seq, without what was taken before; the first of two counts."""
        if session_id not in self.sessions:
            return []
        new: dict[int, Beat] = {}
        for beat in beats:
            if beat.seq not in self.sessions[session_id].taken:
                new.setdefault(beat.seq, beat)
        return [new[seq] for seq in sorted(new)]

    def _take(self, session: Studied, beat: Beat) -> None:
        self._keep(session, beat)
        void = Settled(self._void_ms[session.courseware_id], Reason.RESTARTED)
        self._judge(session, session.account, beat, void, self._elsewhere(session))
        session.ever_credited |= session.account.credited

    def _keep(self, session: Studied, beat: Beat) -> None:
        session.taken[beat.seq] = beat
        self._hear(session, beat.received_ms)

    def _hear(self, session: Studied, at_ms: int) -> None:
        session.heard |= self.between(at_ms, at_ms + self._rules.silence_ms)

    def _elsewhere(self, session: Studied) -> Millis:
        """When another session was open, or was credited."""
        elsewhere: Millis = 0
        for other in self.sessions.values():
            if other is not session:
                life = self.between(other.opening.started_ms, self._end_of(other))
                elsewhere |= other.heard & life | other.ever_credited
        return elsewhere

    def _end_of(self, session: Studied) -> int:
        if session.ended_ms is not None:
            return session.ended_ms
        return self._origin_ms + session.heard.bit_length()

    def _set_page_clock(self, session: Studied, beats: Sequence[Beat]) -> None:
        if session.account.page_ms is None:
            session.account.page_ms = _page_clock(session.opening.started_ms, beats)

    def _take_behind(self, session: Studied, late: Sequence[Beat]) -> None:
        """Some came behind others: all that was ever taken is judged again. The gain is kept; if
        it would be a loss, what came behind earns nothing."""
        before, settled = session.account, self._settled(session, late)
        for beat in late:
            self._keep(session, beat)
        beats = [session.taken[seq] for seq in sorted(session.taken)]
        again = Account(session.opening.started_ms, session.opening.position_ms)
        again.page_ms = _page_clock(session.opening.started_ms, beats)
        elsewhere = self._elsewhere(session)
        for beat in beats:
            self._judge(session, again, beat, settled, elsewhere)
        again.keep(before, self.between(self._origin_ms, min(settled.until_ms, before.until_ms)))
        again.until_ms = max(again.until_ms, min(settled.until_ms, before.until_ms))
        if again.credited.bit_count() >= before.credited.bit_count():
            session.account = again
            session.ever_credited |= again.credited
            return
        void = Settled(self._void_ms[session.courseware_id], Reason.RESTARTED)
        for beat in late:
            if beat.seq > before.seq:
                self._judge(session, before, beat, void, elsewhere)
        session.ever_credited |= before.credited

    def _settled(self, session: Studied, late: Sequence[Beat]) -> Settled:
        """What is not judged again: further back than a late beat can earn, or restarted."""
        first_ms = min(beat.received_ms for beat in late)
        reach_ms = self._rules.late_ms + self._rules.interval_ms * 3 // 2
        return max(
            Settled(first_ms - reach_ms, Reason.LOST_NETWORK),
            Settled(self._void_ms[session.courseware_id], Reason.RESTARTED),
        )

    def _judge(
        self, session: Studied, account: Account, beat: Beat, void: Settled, elsewhere: Millis
    ) -> None:
        """Account for the time since the last beat: all of it is credited or has a reason."""
        rules = self._rules
        since_ms, until_ms = account.until_ms, self._spoken_until(session, account, beat)
        free = self.between(since_ms, until_ms)

        def refuse(reason: Reason, when: Millis) -> None:
            nonlocal free
            account.reasons[reason] |= free & when
            free &= ~when

        refuse(void.reason, self.between(since_ms, void.until_ms))
        refuse(Reason.SECOND_COURSEWARE, elsewhere)
        if not beat.visible:
            refuse(Reason.HIDDEN, free)
        elif not session.opening.document and not beat.playing:
            refuse(Reason.PAUSED, free)
        elif not session.opening.document and not 0 < beat.rate <= session.opening.max_rate:
            refuse(Reason.TOO_FAST, free)
        else:
            idle_since = until_ms - beat.idle_ms + rules.idle_limit_ms
            refuse(Reason.IDLE, self.between(idle_since, until_ms))
            too_late = beat.waited_ms > rules.late_ms
            heard_since = until_ms if too_late else until_ms - rules.interval_ms * 3 // 2
            refuse(Reason.LOST_NETWORK, self.between(since_ms, heard_since))
            if not session.opening.document and until_ms > since_ms:
                played = _Played(account, beat, until_ms - since_ms, rules)
                account.ahead_ms = played.ahead_ms
                refuse(played.reason, free & ~_last(free, played.counts_ms))
        account.credited |= free
        account.until_ms, account.position_ms = until_ms, beat.position_ms
        account.page_ms, account.seq = beat.page_ms, max(account.seq, beat.seq)

    def _spoken_until(self, session: Studied, account: Account, beat: Beat) -> int:
        """The instant that a beat speaks of, on the server's clock.

        It left the page so long ago as it says that it waited, within the late limit. Behind
        another beat it lies as far as the page's clock has gone on, unless that clock was set back.
        """
        rules = self._rules
        left_ms = beat.received_ms - max(0, min(beat.waited_ms, rules.late_ms))
        if account.page_ms is not None and account.page_ms - beat.page_ms < rules.interval_ms:
            gone_on = max(0, beat.page_ms - account.page_ms)
            left_ms = min(left_ms, account.until_ms + gone_on)
        spoken = max(left_ms, beat.received_ms - rules.late_ms)
        if session.ended_ms is not None:
            spoken = min(spoken, session.ended_ms)
        return max(spoken, account.until_ms)


class _Played:
    """What the media's move says of a stretch of so many ms."""

    def __init__(self, account: Account, beat: Beat, wall_ms: int, rules: Rules) -> None:
        began_again = account.seq < 0 and beat.position_ms < account.position_ms
        moved_ms = beat.position_ms - (0 if began_again else account.position_ms)
        played_ms = moved_ms / beat.rate
        ahead_ms = account.ahead_ms + round(played_ms - wall_ms)

        self.reason, self.counts_ms, self.ahead_ms = Reason.STALLED, wall_ms, max(ahead_ms, 0)
        if played_ms > wall_ms and ahead_ms > 3_000 + rules.interval_ms // 2:
            self.reason, self.counts_ms, self.ahead_ms = Reason.TOO_FAST, 0, account.ahead_ms
        elif moved_ms < -REWIND_MS:
            self.reason, self.counts_ms, self.ahead_ms = Reason.JUMPED_BACK, 0, account.ahead_ms
        elif played_ms < ALL_BUT_A_TENTH * wall_ms:
            self.counts_ms = max(int(played_ms), 0)


def _last(when: Millis, count: int) -> Millis:
    """The last so many milliseconds of a set."""
    low, high = 0, when.bit_length()
    while low < high:
        middle = (low + high) // 2
        if (when >> middle).bit_count() > count:
            low = middle + 1
        else:
            high = middle
    return when >> low << low


def _page_clock(started_ms: int, beats: Sequence[Beat]) -> int:
    """What the page's clock showed at the start, by the beat that travelled fastest."""
    return started_ms + max(b.page_ms - (b.received_ms - b.waited_ms) for b in beats)


def _by_arrival(sessions: Iterable[tuple[UUID, Sequence[Beat]]]) -> list[tuple[UUID, Beat]]:
    """All beats of a turn; one that overtook another of its session arrives with it."""
    arrivals = []
    for session_id, beats in sessions:
        for number, beat in enumerate(beats):
            arrived_ms = max(earlier.received_ms for earlier in beats[: number + 1])
            arrivals.append((arrived_ms, session_id, beat.seq, beat))
    return [(session_id, beat) for _, session_id, _, beat in sorted(arrivals, key=lambda a: a[:3])]
