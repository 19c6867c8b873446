"""Many sources, one after another: what is wrong with one costs that one only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from playloom.errors import OutputError, PlayloomError
from workers.importing.options import ImportOptions
from workers.importing.report import Imported, ImportReport
from workers.importing.session_output import locked_output


@dataclass(frozen=True, kw_only=True)
class ImportJob:
    """One source and how to import it.

    Attributes:
        source: what the user knows it by.
        run: imports it; told, now and then, how many frames have been done since.
    """

    source: str
    run: Callable[[Callable[[int], None]], Imported]


@dataclass(frozen=True, kw_only=True)
class ImportProgress:
    """How far an import is: sources done and in all, frames done."""

    done: int
    total: int
    frames: int


def import_all(
    options: ImportOptions,
    jobs: Iterable[ImportJob],
    *,
    on_progress: Callable[[ImportProgress], None] = lambda _: None,
    terms: Sequence[str] = (),
) -> ImportReport:
    """Run the jobs.

    Raises:
        OutputError: the output cannot be written, or another import is writing into it.
        PlayloomError: the first fault, if the import is strict.
    """
    imported: list[Imported] = []
    failed: dict[str, str] = {}
    listed: list[ImportJob] = []
    frames = 0

    def count(more: int) -> None:
        nonlocal frames
        frames += more
        on_progress(ImportProgress(done=len(imported) + len(failed), total=len(listed), frames=frames))

    with locked_output(options.output):
        listed += jobs
        for job in listed:
            try:
                imported.append(job.run(count))
            except OutputError as error:
                if options.strict or not _is_of_one_session(options, error):
                    raise
                failed[job.source] = str(error)
            except PlayloomError as error:
                if options.strict:
                    raise
                failed[job.source] = f"{job.source}: {error}" if job.source not in str(error) else str(error)
            count(0)
    return ImportReport(output=options.output, imported=tuple(imported), failed=failed, terms=tuple(terms))


def _is_of_one_session(options: ImportOptions, error: OutputError) -> bool:
    """Whether the place of one session is taken, and not the whole output at fault."""
    return error.__cause__ is None and error.file != options.output and error.file.is_relative_to(options.output)
