"""Manifests of dataset versions: what is written is read again, and what is damaged says so."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playloom.manifest.config import DatasetConfig
from playloom.manifest.errors import ManifestError
from playloom.manifest.keys import file_key, new_version_key, segment_key
from playloom.manifest.reading import read_files, read_shards, read_version
from playloom.manifest.version import SEGMENT_SHARDS, DatasetVersion, Segment
from tests.support.dataset_versions import CONFIG, DATASET_ID, session_of, shards_of, version_of


def test_a_version_and_its_segments_are_read_as_they_were_written() -> None:
    shards = shards_of(*(session_of(f"s{number}") for number in range(SEGMENT_SHARDS + 3)))
    version, segments = version_of(shards)
    key = new_version_key(DATASET_ID, 1)
    stored = {key: version.to_bytes()}
    for segment, ref in zip(segments, version.segments, strict=True):
        stored[segment_key(DATASET_ID, ref.sha256)] = segment.to_bytes()

    read = read_version(stored.__getitem__, key, hashlib.sha256(stored[key]).hexdigest())

    assert read == version
    assert [ref.shards for ref in read.segments] == [SEGMENT_SHARDS, 3]
    assert tuple(read_shards(stored.__getitem__, read)) == shards
    assert [file.path for file in read_files(stored.__getitem__, read)][-1] == "meta/info.json"


def test_a_manifest_that_was_changed_is_not_read() -> None:
    version, _ = version_of(shards_of(session_of("a")))
    content = version.to_bytes()
    changed = content.replace(b'"frames":100', b'"frames":101')
    with pytest.raises(ManifestError, match="has the SHA-256"):
        read_version(lambda key: changed, "key", hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not json", "is no JSON"),
        (b"[]", "is no manifest"),
        (b'{"format": 99}', "has the format 99"),
        (b'{"format": 1}', "cannot be read"),
        (b'{"format": 1, "shards": [{}], "stats": {}}', "cannot be read"),
    ],
)
def test_what_is_no_manifest_says_so(content: bytes, said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        Segment.from_bytes(content, "object")
    with pytest.raises(ManifestError):
        DatasetVersion.from_bytes(content, "object")


def test_a_setting_of_a_later_playloom_is_not_passed_over() -> None:
    values = CONFIG.to_json() | {"holograms": True}
    with pytest.raises(ManifestError, match="'holograms' is not known"):
        DatasetConfig.from_json(values)


def test_a_config_comes_back_from_json() -> None:
    assert DatasetConfig.from_json(json.loads(json.dumps(CONFIG.to_json()))) == CONFIG


@given(st.binary())
def test_files_lie_under_their_content_with_their_suffix(content: bytes) -> None:
    sha256 = hashlib.sha256(content).hexdigest()
    key = file_key(DATASET_ID, sha256, "videos/main.x/chunk-000/file-000.mp4")
    assert key == f"datasets/{DATASET_ID}/files/{sha256[:2]}/{sha256}.mp4"
