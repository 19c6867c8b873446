"""`playloom train policy`, from a dataset to a policy that acts."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from playloom.cli import run as run_command
from playloom.client.access import HOME_VARIABLE
from tests.support.training_datasets import changed_info, courier_dataset
from training.policy.loading import load_policy
from training.runs.checkpoint import EMA, read_checkpoint
from training.runs.directory import find_checkpoint
from training.runs.logging import read_metrics

STEPS = 8
SHORT = (
    "preset=debug", "trainer.deterministic=true", "trainer.log_every=1", "trainer.validate_every=4",
    f"trainer.max_steps={STEPS}", "trainer.final_rate=1", "logging.tensorboard=false", "data.validation_clips=8",
)  # fmt: skip
TASK = "Deliver the parcels"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return courier_dataset(tmp_path_factory.mktemp("courier"), episodes=3, steps=40)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where caches go; and PyTorch is left as it was."""
    threads = torch.get_num_threads()
    place = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(place))
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield place
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


@dataclass(frozen=True)
class Told:
    """What the command said. Attributes: status; output; errors."""

    status: int
    output: str
    errors: str


def train(*arguments: str) -> Told:
    """`playloom train policy` in this process, which has PyTorch already."""
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        status = run_command(["train", "policy", *arguments])
    return Told(status, output.getvalue(), errors.getvalue())


def losses(run: Path) -> dict[int, Any]:
    return {
        int(line["step"]): line["train/loss"] for line in read_metrics(run / "metrics.jsonl") if "train/loss" in line
    }


def rows_of(dataset: Path) -> Path:
    """The file of a dataset's rows."""
    return next((dataset / "data").rglob("*.parquet"))


def labelled(dataset: Path, output: Path, confidence: float) -> Path:
    """A copy of a dataset as if a model had labelled it, as sure of everything."""
    info = json.loads((dataset / "meta/info.json").read_text())
    heads = [slot["action_id"] for slot in info["extensions"]["game_converter"]["action_layout"]]
    feature = {"dtype": "float32", "shape": [len(heads)], "names": heads}
    changed_info(dataset, output, {"features": {**info["features"], "action.confidence": feature}})
    table = pq.read_table(rows_of(output))
    values = pa.array([[confidence] * len(heads)] * len(table), pa.list_(pa.float32(), len(heads)))
    pq.write_table(table.append_column("action.confidence", values), rows_of(output))
    return output


@pytest.fixture(scope="module")
def whole_run(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was left alone."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    told = train(f"data.path={dataset}", f"run.directory={run}", *SHORT)
    assert told.status == 0, told.errors
    assert told.output.startswith(f"finished at step {STEPS} after ")
    assert f"evaluate:  playloom evaluate policy {run}" in told.output
    assert "validation: loss" in told.errors
    return run


def test_a_run_leaves_figures_a_summary_and_a_policy_that_acts(whole_run: Path) -> None:
    assert sorted(losses(whole_run)) == list(range(1, STEPS + 1))
    summary = json.loads((whole_run / "summary.json").read_text())
    assert (summary["state"], summary["step"], summary["kind"]) == ("finished", STEPS, "policy")
    assert {"joint_accuracy", "stick_r2"} <= {row["name"] for row in summary["table"]}
    assert any("persistence" in row["baselines"] for row in summary["table"])
    policy = load_policy(whole_run, "cpu")
    assert (policy.kind, policy.game_id, policy.tasks, policy.chunk) == ("policy", "courier", (TASK,), 4)
    assert policy.lineage.datasets[0].name == "local/courier"
    seen = np.zeros((2, 2, 32, 32, 3), np.uint8)
    chunk = policy.act(seen, held=np.zeros((2, policy.space.width), np.float32), tasks=[TASK, ""], seeds=[0, 1])
    assert chunk.values.shape == (2, 4, policy.space.width)


def test_a_run_that_goes_on_has_the_same_losses_bit_for_bit(whole_run: Path, dataset: Path, tmp_path: Path) -> None:
    run = tmp_path / "half"
    assert train(f"data.path={dataset}", f"run.directory={run}", *SHORT, f"trainer.max_steps={STEPS // 2}").status == 0
    told = train("--resume", str(run), f"trainer.max_steps={STEPS}")
    assert told.status == 0, told.errors
    assert f"going on from step {STEPS // 2}" in told.errors
    assert losses(run) == losses(whole_run)


def test_the_baseline_is_trained_alike_and_is_told_apart(dataset: Path, tmp_path: Path) -> None:
    told = train(f"data.path={dataset}", f"run.directory={tmp_path / 'bc'}", *SHORT, "head=bc", "trainer.max_steps=2")
    assert told.status == 0, told.errors
    policy = load_policy(tmp_path / "bc", "cpu")
    assert (policy.kind, policy.label) == ("bc", "bc@2")


@pytest.mark.parametrize("head", ["act", "diffusion"])
def test_lerobots_own_policies_learn_from_the_same_data(dataset: Path, tmp_path: Path, head: str) -> None:
    run = tmp_path / head
    told = train(f"data.path={dataset}", f"run.directory={run}", *SHORT, f"head={head}", "trainer.max_steps=2")
    assert told.status == 0, told.errors
    policy = load_policy(run, "cpu")
    assert (policy.kind, policy.chunk) == ("lerobot", 4)
    seen = np.random.default_rng(0).integers(0, 256, (2, 2, 32, 32, 3), np.uint8)
    held = np.zeros((2, policy.space.width), np.float32)
    both = policy.act(seen, held=held, tasks=[TASK, ""], seeds=[5, 6]).values
    second = policy.act(seen[1:], held=held[1:], tasks=[""], seeds=[6]).values
    np.testing.assert_allclose(both[1:], second, atol=1e-4)


def test_labels_are_mixed_in_by_their_weight_and_their_confidence(dataset: Path, tmp_path: Path) -> None:
    from training.policy.datasets import open_mix
    from training.policy.options import PROGRAM, options_of
    from training.policy.targets import ChunkTargets

    labels = labelled(dataset, tmp_path / "labels", 0.5)
    mix = f"data.mix=[{{path:{dataset},weight:0.75}},{{path:{labels},weight:0.25,label_weight:0.8}}]"
    opened = open_mix(options_of(PROGRAM.compose([mix, *SHORT])).data)
    assert [len(one.parts.validation) for one in opened.of] == [1, 0]
    targets = ChunkTargets(opened.of[1].dataset, [0], opened.space, chunk=2, label_weight=0.8)
    weights = targets.gather(np.array([0]), np.array([0])).weights
    np.testing.assert_allclose(weights, np.full_like(weights, 0.4))
    told = train(mix, f"run.directory={tmp_path / 'run'}", *SHORT, "trainer.max_steps=2")
    assert told.status == 0, told.errors
    assert "labelled by a model" in told.errors
    lineage = json.loads((tmp_path / "run/lineage.json").read_text())
    assert [one["path"] for one in lineage["datasets"]] == [str(dataset), str(labels)]


def test_datasets_of_other_actions_or_another_rate_are_not_mixed(dataset: Path, tmp_path: Path) -> None:
    info = json.loads((dataset / "meta/info.json").read_text())
    converter = info["extensions"]["game_converter"]
    layout = [{**slot, "action_id": f"{slot['action_id']}_2"} for slot in converter["action_layout"]]
    other = {"game_converter": {**converter, "action_layout": layout}}
    for number, (changes, problem) in enumerate(
        [({"extensions": other}, "has other actions"), ({"fps": 7}, "has other frames a second")]
    ):
        changed = changed_info(dataset, tmp_path / str(number), changes)
        told = train(
            f"data.mix=[{{path:{dataset},weight:0.5}},{{path:{changed},weight:0.5}}]", f"run.root={tmp_path}", *SHORT
        )
        assert told.status == 1
        assert problem in told.errors


def test_an_action_that_is_no_number_is_refused_by_its_place(dataset: Path, tmp_path: Path) -> None:
    spoiled = tmp_path / "spoiled"
    shutil.copytree(dataset, spoiled)
    table = pq.read_table(rows_of(spoiled))
    actions = np.stack(table["action"].to_pylist()).astype(np.float32)
    actions[:, 1] = np.nan
    column = pa.array(list(actions), table["action"].type)
    pq.write_table(table.set_column(table.column_names.index("action"), "action", column), rows_of(spoiled))
    told = train(f"data.path={spoiled}", f"run.root={tmp_path / 'runs'}", *SHORT)
    assert told.status == 1
    assert "in row 0 of an episode is no number" in told.errors


def test_a_run_begins_from_the_weights_of_another(whole_run: Path, dataset: Path, tmp_path: Path) -> None:
    told = train(
        f"data.path={dataset}", f"run.directory={tmp_path / 'next'}", *SHORT, f"run.initialize_from={whole_run}",
        "trainer.max_steps=1", "trainer.learning_rate=0",
    )  # fmt: skip
    assert told.status == 0, told.errors
    before, after = (
        read_checkpoint(find_checkpoint(run), (EMA,)).tensors[EMA] for run in (whole_run, tmp_path / "next")
    )
    assert torch.equal(before["weights.overall.join.weight"], after["weights.overall.join.weight"])


def test_a_frozen_encoder_of_published_weights_sees_each_picture_once(
    dataset: Path, tmp_path: Path, home: Path
) -> None:
    from transformers import SiglipConfig, SiglipModel

    torch.manual_seed(3)
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = {**small, "image_size": 16, "patch_size": 8}
    SiglipModel(SiglipConfig(text_config={**small, "vocab_size": 32}, vision_config=vision)).save_pretrained(
        tmp_path / "weights"
    )
    wanted = (
        f"data.path={dataset}", *SHORT, "trainer.max_steps=4", "encoder=siglip2", "model.encoder.frozen=true",
        f"model.encoder.weights={tmp_path / 'weights'}",
    )  # fmt: skip
    for name, kept in (("kept", True), ("anew", False)):
        told = train(*wanted, f"run.directory={tmp_path / name}", f"data.feature_cache={str(kept).lower()}")
        assert told.status == 0, told.errors
    assert len(list((home / "cache/features").rglob("*.npy"))) == 2
    of_kept, of_anew = losses(tmp_path / "kept"), losses(tmp_path / "anew")
    assert list(of_kept.values()) != list(of_anew.values())  # another order, and half the digits
    tensors = read_checkpoint(find_checkpoint(tmp_path / "kept"), (EMA,)).tensors[EMA]
    published = SiglipModel.from_pretrained(tmp_path / "weights").vision_model.embeddings.patch_embedding.weight
    assert torch.equal(tensors["weights.encoder.vision.embeddings.patch_embedding.weight"], published)
    shutil.rmtree(tmp_path / "weights")  # a checkpoint holds all that it needs
    policy = load_policy(tmp_path / "kept", "cpu")
    assert str(tmp_path / "weights") in [parent.path for parent in policy.lineage.parents]
    seen = np.random.default_rng(0).integers(0, 256, (1, 2, 32, 32, 3), np.uint8)
    policy.act(seen, held=np.zeros((1, policy.space.width), np.float32), tasks=[TASK], seeds=[0])
    told = train("--resume", str(tmp_path / "kept"), "trainer.max_steps=5")
    assert told.status == 0, told.errors
    told = train(*wanted, f"run.root={tmp_path / 'runs'}")
    assert told.status == 1
    assert "cannot be loaded" in told.errors
    told = train(*wanted[:-1], f"run.root={tmp_path / 'runs'}", "data.augment=true")
    assert told.status == 1
    assert "a frozen encoder sees each picture once" in told.errors


def test_weights_for_pictures_of_any_size_see_what_those_of_one_size_see() -> None:
    """The two forms of SigLIP 2, of the same numbers."""
    import dataclasses

    from training.policy.config import PRESETS, EncoderKind
    from training.policy.siglip import ANY_SIZE, SiglipEncoder

    debug = PRESETS["debug"]
    config = dataclasses.replace(debug, encoder=dataclasses.replace(debug.encoder, kind=EncoderKind.siglip2))
    torch.manual_seed(0)
    fixed = SiglipEncoder(config)
    shape = {name: value for name, value in fixed.document.items() if name != "image_size"}
    free = SiglipEncoder(config, {**shape, "model_type": ANY_SIZE, "num_patches": 4})
    weights = fixed.vision.state_dict()
    patches = weights["embeddings.patch_embedding.weight"]
    weights["embeddings.patch_embedding.weight"] = patches.permute(0, 2, 3, 1).flatten(1)
    free.vision.load_state_dict(weights)
    pictures = torch.randint(0, 256, (2, 2, 32, 32, 3), dtype=torch.uint8)
    with torch.no_grad():
        torch.testing.assert_close(fixed(pictures), free(pictures), atol=1e-4, rtol=1e-4)
