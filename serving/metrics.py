"""Prometheus metrics of a worker. Create one per process, after PROMETHEUS_MULTIPROC_DIR is set."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram

from serving.engine import Engine

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """Also the `Observer` of the follower. Gauges are of each living worker, by its process id."""

    def __init__(self) -> None:
        self._answers = Counter("jobpilot_serving_answers", "Answers by operation", ["operation"])
        self._items = Counter("jobpilot_serving_items", "Postings or events in those answers", ["operation"])
        self._stages = Histogram(
            "jobpilot_serving_stage_seconds", "Time per stage", ["operation", "stage"], buckets=_SECONDS
        )
        self._jobs = _gauge("jobpilot_serving_index_jobs", "Searchable postings")
        self._sequence = _gauge("jobpilot_serving_sequence", "Position in the change log that was applied")
        self._lag = _gauge("jobpilot_serving_lag", "Changes in the log that are not applied; -1: log is down")
        self._refused = Counter("jobpilot_serving_releases_refused", "Releases that were refused")
        self._release = _gauge(
            "jobpilot_serving_release", "1 for what answers", "release_id", "encoder_version"
        )
        self._named = ("", "")

    def answered(self, operation: str, items: int, stages_ms: Mapping[str, float] | None = None) -> None:
        self._answers.labels(operation).inc()
        self._items.labels(operation).inc(items)
        for stage, milliseconds in (stages_ms or {}).items():
            self._stages.labels(operation, stage).observe(milliseconds / 1000)

    def applied(self, engine: Engine, lag: int | None) -> None:
        self._jobs.set(len(engine.index))
        self._sequence.set(engine.sequence)
        self._lag.set(-1 if lag is None else max(lag, 0))

    def swapped(self, engine: Engine) -> None:
        named = (engine.release.release_id, engine.encoder_version)
        if self._named != named and self._named[0]:
            self._release.labels(*self._named).set(0)
        self._release.labels(*named).set(1)
        self._named = named
        self._jobs.set(len(engine.index))

    def refused(self, reason: str) -> None:
        self._refused.inc()


def _gauge(name: str, help_text: str, *labels: str) -> Gauge:
    return Gauge(name, help_text, labels, multiprocess_mode="liveall")
