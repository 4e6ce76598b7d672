"""Measures how long the event loop was away from its work: the gaps between the beats of a short timer."""

from __future__ import annotations

import time

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer

BEAT_MS = 5


class Heartbeat(QObject):
    """Beats while the event loop runs.

    A gap on the clock can have its cause outside (another program has the core); the processor time that the drawing
    thread itself spent in a gap cannot.

    Attributes:
        longest_ms: the longest gap on the clock.
        longest_cpu_ms: the most processor time spent by this thread between two beats.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.longest_ms = self.longest_cpu_ms = 0.0
        self.where: list[tuple[float, float, str]] = []
        self.doing = ""
        self._clock = QElapsedTimer()
        self._clock.start()
        self._cpu = time.thread_time()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT_MS)

    def stop(self) -> None:
        """The journey is over; what the test does now is not the window's."""
        self._timer.stop()

    def _beat(self) -> None:
        gap = max(0.0, self._clock.nsecsElapsed() / 1e6 - BEAT_MS)
        self._clock.restart()
        now = time.thread_time()
        spent, self._cpu = (now - self._cpu) * 1000, now
        self.longest_ms = max(self.longest_ms, gap)
        self.longest_cpu_ms = max(self.longest_cpu_ms, spent)
        if gap > 30:
            self.where.append((gap, spent, self.doing))

    def report(self) -> str:
        """The figures, and what was going on in the longest gaps."""
        worst = sorted(self.where, reverse=True)[:6]
        listed = "; ".join(f"{gap:.0f} ms ({spent:.0f} ms of processor time) {doing}" for gap, spent, doing in worst)
        return (
            f"longest gap of the event loop {self.longest_ms:.0f} ms, "
            f"most processor time in a gap {self.longest_cpu_ms:.0f} ms. {listed}"
        )
