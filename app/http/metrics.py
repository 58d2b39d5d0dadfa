"""What Prometheus is told. No label takes a value that a client can make up."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
)
_LABELS: Final = ("method", "route", "status")
_BUCKETS: Final = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    1,
    5,
    30,
)


class Metrics:
    """The measurements of one application, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "tanyin_http_requests", "Answers.", _LABELS, registry=self._registry
        )
        self._seconds = Histogram(
            "tanyin_http_request_seconds",
            "Time until the answer was handed over.",
            _LABELS,
            buckets=_BUCKETS,
            registry=self._registry,
        )
        cache = Counter(
            "tanyin_answer_cache", "Lookups.", ("outcome",), registry=self._registry
        )
        self.cache_hits = cache.labels("hit")
        self.cache_misses = cache.labels("miss")
        self.log_size = Gauge(
            "tanyin_log_size", "Entries of the log.", registry=self._registry
        )
        self.large_waiting, self.large_running = (
            Gauge(f"tanyin_large_calculations_{name}", text, registry=self._registry)
            for name, text in (
                ("waiting", "Requests that wait for a worker process."),
                ("running", "Worker processes at work."),
            )
        )
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        # Looking labels up costs more than counting, and there are few of them.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = (method, route, status)
        counter, histogram = self._children.get(key) or self._child(key)
        counter.inc()
        histogram.observe(seconds)

    def _child(self, key: tuple[str, str, int]) -> tuple[Counter, Histogram]:
        method, route, status = key
        if method not in _METHODS:
            key = ("OTHER", route, status)
        child = self._requests.labels(*key), self._seconds.labels(*key)
        if method in _METHODS:
            self._children[key] = child
        return child

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)
