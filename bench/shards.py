"""Messages as the HTTP door sends them: honest beats of many learners, packed by shard."""

from collections.abc import Iterator, Sequence

from bench.load import Learner
from chassis.bus import SHARDS
from services.progress import wire
from services.progress.batcher import shard_of

INTERVAL_MS = 15_000
REQUESTS_IN_A_MESSAGE = 20


def messages(
    learners: Sequence[Learner], *, first_seq: int, beats: int
) -> Iterator[tuple[int, bytes]]:
    """Shard and body: a beat of each learner every interval from the session's start on."""
    of_shard: list[list[Learner]] = [[] for _ in range(SHARDS)]
    for learner in learners:
        of_shard[shard_of(learner.learner_id)].append(learner)
    for seq in range(first_seq, first_seq + beats):
        for shard, those in enumerate(of_shard):
            for first in range(0, len(those), REQUESTS_IN_A_MESSAGE):
                chunk = those[first : first + REQUESTS_IN_A_MESSAGE]
                yield shard, wire.pack([_request(learner, seq) for learner in chunk])


def _request(learner: Learner, seq: int) -> wire.WireRequest:
    passed_ms = (seq + 1) * INTERVAL_MS
    at_ms = int(learner.started * 1000) + passed_ms
    beat = wire.WireBeat(seq, at_ms, 0, passed_ms, 1.0, True, True, 2_500)
    return wire.WireRequest(learner.learner_id, learner.session_id, at_ms, [beat])
