"""Figures for Prometheus. Nothing in them names a player."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


class MethodFigures:
    """The figures of one method. (To find them by their labels takes longer than to count.)"""

    def __init__(self, metrics: Metrics, method: str) -> None:
        self._running, self._seconds = metrics.running.labels(method), metrics.seconds.labels(method)
        self._calls, self._method = metrics.calls, method
        self._ended: dict[str, Counter] = {}

    def begun(self) -> None:
        self._running.inc()

    def ended(self, code: str, seconds: float) -> None:
        self._running.dec()
        self._seconds.observe(seconds)
        counter = self._ended.get(code)
        if counter is None:
            counter = self._ended[code] = self._calls.labels(self._method, code)
        counter.inc()


class Metrics:
    """The figures of one server.

    Attributes:
        registry: services may add figures of their own to it.
        calls: ended calls by method and gRPC code.
        seconds: how long they took.
        running: those that are being answered.
        jobs: jobs that have not ended, by state.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.calls = Counter("playloom_calls", "Calls answered", ("method", "code"), registry=self.registry)
        self.seconds = Histogram(
            "playloom_call_seconds", "Time to answer a call", ("method",), buckets=_SECONDS, registry=self.registry
        )
        self.running = Gauge("playloom_calls_running", "Calls being answered", ("method",), registry=self.registry)
        self._methods: dict[str, MethodFigures] = {}
        self.jobs = Gauge("playloom_jobs", "Jobs that have not ended", ("state",), registry=self.registry)

    def of(self, method: str) -> MethodFigures:
        """The figures of a method that there is."""
        figures = self._methods.get(method)
        if figures is None:
            figures = self._methods[method] = MethodFigures(self, method)
        return figures
