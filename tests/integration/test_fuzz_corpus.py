"""Readers of files from outside on the worst of files: they answer, or raise the one error that a batch can report."""

from __future__ import annotations

import resource
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playloom.errors import RecordingError
from playloom.recording.input_stream import read_inputs
from playloom.recording.mp4_index import index_video
from tests.support.fuzz_corpus import CORPUS

READERS = {"mp4": index_video, "actions": read_inputs}
CASES = [(folder, path) for folder in READERS for path in sorted((CORPUS / folder).iterdir())]
WHOLE_AND_BROKEN = {folder: sorted((CORPUS / folder).iterdir()) for folder in READERS}


@pytest.mark.parametrize(("folder", "path"), CASES, ids=[f"{folder}-{path.stem}" for folder, path in CASES])
def test_a_bad_file_is_read_or_refused_quickly_and_in_little_memory(folder: str, path: Path) -> None:
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    with suppress(RecordingError):
        READERS[folder](path)
    assert time.monotonic() - began < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 200 * 1024


def test_the_corpus_is_there_and_small() -> None:
    assert len(CASES) > 150
    assert max(path.stat().st_size for _, path in CASES) < 20_000


edit = st.tuples(
    st.integers(0, 20_000),
    st.sampled_from([b"\0", b"\xff", b"\x01", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\x01"])
    | st.binary(min_size=1, max_size=8),
    st.booleans(),
)


@pytest.mark.parametrize("folder", sorted(READERS))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_file_is_read_or_refused(tmp_path: Path, folder: str, data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(WHOLE_AND_BROKEN[folder])).read_bytes())
    for position, replacement, insert in data.draw(st.lists(edit, min_size=1, max_size=6)):
        at = position % (len(content) + 1)
        content[at : at if insert else at + len(replacement)] = replacement
    path = tmp_path / "file"
    path.write_bytes(content)
    with suppress(RecordingError):
        READERS[folder](path)
