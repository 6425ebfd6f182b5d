"""Pages as learners have them: they play, pause, hide, fall asleep, lose the network and lie."""

import sys
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.progress.credit import Beat

INTERVAL_MS = 15_000
REQUEST_BEATS = 200


@dataclass
class Player:
    """One page. Its beats wait in `outbox` until they are sent, or in `lost` until they turn up."""

    session_id: UUID
    courseware_id: UUID
    document: bool
    now_ms: int
    position_ms: float = 0
    clock_ms: int = 0  # the page's clock runs so far ahead of the server's
    delay_ms: int = 0  # on the network
    rate: float = 1.0
    playing: bool = True
    visible: bool = True
    touching: bool = True
    online: bool = True
    asleep: bool = False
    touched_ms: int = 0
    spoke_ms: int = 0
    seq: int = 0
    outbox: list[Beat] = field(default_factory=list)
    lost: list[Beat] = field(default_factory=list)
    sent: list[Beat] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.touched_ms = self.spoke_ms = self.now_ms

    @property
    def next_ms(self) -> int:
        """When it beats by itself."""
        return sys.maxsize if self.asleep else self.spoke_ms + INTERVAL_MS

    def live_until(self, now_ms: int) -> None:
        if self.playing and not self.asleep:
            self.position_ms += (now_ms - self.now_ms) * self.rate
        if self.touching and not self.asleep:
            self.touched_ms = now_ms
        if self.asleep:
            self.spoke_ms = now_ms
        self.now_ms = now_ms

    def speak(self) -> None:
        """Make a beat of this moment."""
        beat = Beat(
            seq=self.seq,
            received_ms=0,
            page_ms=self.now_ms + self.clock_ms,
            waited_ms=0,
            position_ms=round(self.position_ms),
            rate=self.rate,
            playing=self.playing,
            visible=self.visible,
            idle_ms=self.now_ms - self.touched_ms,
        )
        self.outbox.append(beat)
        self.seq, self.spoke_ms = self.seq + 1, self.now_ms

    def send(self) -> list[Beat]:
        """All that waits, as it arrives in one request."""
        beats, self.outbox = self.outbox[:REQUEST_BEATS], self.outbox[REQUEST_BEATS:]
        return self.send_these(beats)

    def send_these(self, beats: list[Beat]) -> list[Beat]:
        left_ms = self.now_ms + self.clock_ms
        arrived = [
            replace(
                beat,
                received_ms=self.now_ms + self.delay_ms,
                waited_ms=max(0, left_ms - beat.page_ms),
            )
            for beat in beats
        ]
        self.sent += arrived
        return arrived
