"""What a job of training or labelling may ask for."""

from __future__ import annotations

from typing import Any

import pytest

from coordinator.commands.program_payload import program_payload
from playloom.errors import PlayloomError
from workers.jobs.leased_job import JobFailedError, LeasedJob
from workers.jobs.program_order import order_of


def leased(kind: str, **payload: Any) -> LeasedJob:
    return LeasedJob(id="job_01m7zt5cftfcs5a9an388h52z5", kind=kind, payload=payload, fence=1, attempts=1)


def test_the_words_of_playloom_train_become_a_payload_and_then_an_order() -> None:
    words = ["idm", "data.path=numbers", "data.version=3", "run.name=first", "preset=cpu", "job.gpus=1"]
    payload = program_payload("train", words)

    order = order_of(leased("train", **payload))

    assert payload == {
        "task": "idm", "dataset": "numbers", "version": "3", "name": "first", "gpus": 1.0, "overrides": ["preset=cpu"],
    }  # fmt: skip
    assert (order.run, order.dataset, order.version) == ("first-388h52z5", "numbers", "3")
    assert (order.overrides, order.cpus, order.gpus) == (("preset=cpu",), 1.0, 1.0)


def test_labelling_names_a_run_and_whole_paths() -> None:
    payload = program_payload("label", ["first-388h52z5", "/videos/a=b.mp4", "output=/labels", "batch=4"])

    order = order_of(leased("label", **payload))

    assert (order.run, order.inputs, order.output) == ("first-388h52z5", ("/videos/a=b.mp4",), "/labels")
    assert order.overrides == ("batch=4",)


@pytest.mark.parametrize(
    "payload",
    [
        {"overrides": ["hydra.run.dir=/etc"]},
        {"overrides": ["run.directory=/etc"]},
        {"overrides": ["--resume=/etc"]},
        {"overrides": ["+x=1"]},
        {"overrides": ["preset=a\nb"]},
        {"overrides": "preset=cpu"},
        {"overrides": ["x=" + "1" * 3000]},
        {"overrides": ["x=1"] * 201},
        {"task": "../idm"},
        {"name": "../first"},
        {"gpus": -1},
        {"gpus": True},
        {"surprise": 1},
    ],
)
def test_an_order_that_could_lead_elsewhere_is_refused_for_good(payload: dict[str, Any]) -> None:
    with pytest.raises(JobFailedError) as refused:
        order_of(leased("train", **payload))
    assert not refused.value.retry


@pytest.mark.parametrize(
    "payload",
    [
        {"run": "first"},
        {"run": "../x", "inputs": ["/a"], "output": "/b"},
        {"run": "x", "inputs": ["a"], "output": "/b"},
    ],
)
def test_labelling_without_inputs_or_with_paths_of_another_machine_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(JobFailedError):
        order_of(leased("label", **payload))


def test_words_that_say_nothing_to_learn_from_and_words_of_other_kinds_are_refused() -> None:
    with pytest.raises(PlayloomError, match="what to learn from"):
        program_payload("train", ["preset=cpu"])
    with pytest.raises(PlayloomError, match="take no words"):
        program_payload("ingest", ["preset=cpu"])
    with pytest.raises(PlayloomError, match="which run labels what"):
        program_payload("label", ["first"])
