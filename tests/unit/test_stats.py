from __future__ import annotations

import json

import numpy as np
import pytest

from workers.stats import merge, numeric_stats, stats_from_json, stats_to_json


def test_statistics_are_taken_over_all_frames_of_each_column() -> None:
    stats = numeric_stats(np.array([[0, 10], [1, 20], [1, 30], [1, 40]], np.float32))

    assert stats["min"].tolist() == [0, 10]
    assert stats["max"].tolist() == [1, 40]
    assert stats["mean"].tolist() == [0.75, 25]
    assert stats["std"] == pytest.approx([np.sqrt(0.1875), np.sqrt(125)])
    assert stats["count"].tolist() == [4]
    assert stats["q50"].tolist() == [1, 20]
    assert stats["q99"].tolist() == [1, 40]


def test_a_column_of_numbers_or_flags_has_statistics_of_one_element() -> None:
    stats = numeric_stats(np.array([False, True, True, True]))

    assert stats["mean"].tolist() == [0.75]
    assert stats["q10"].tolist() == [0.0]


def test_merged_mean_and_deviation_are_those_of_all_frames_together() -> None:
    values = np.random.default_rng(1).normal(size=(100, 3))

    merged = merge([numeric_stats(values[:30]), numeric_stats(values[30:])])

    assert merged["mean"] == pytest.approx(values.mean(axis=0))
    assert merged["std"] == pytest.approx(values.std(axis=0))
    assert merged["min"] == pytest.approx(values.min(axis=0))
    assert merged["count"].tolist() == [100]


def test_statistics_survive_json() -> None:
    stats = numeric_stats(np.random.default_rng(2).normal(size=(10, 2)))

    again = stats_from_json(json.loads(json.dumps(stats_to_json(stats))))

    assert all(np.array_equal(again[name], stats[name]) and again[name].dtype == stats[name].dtype for name in stats)
