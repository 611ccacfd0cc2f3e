"""Filling single fields of every record that is here, as backfill and refresh-formulas do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flows.reading import read_all
from flows.steps import announce, attempt
from tandem.database.journal import Operation
from tandem.run import Run
from tasks.check import check
from tasks.fill import KEYS, fill, refuse_before_first_copy
from tasks.read import ask


def fill_fields(run: Run, wanted: Mapping[str, Sequence[str]]) -> None:
    """Read these fields of every record, by object, and give them to the records that are here.

    :raises SettingsError: an object has not had its first copy.
    """
    refuse_before_first_copy(run, wanted)
    names = list(wanted)
    announce(run, names, Operation.PULL_UPDATES)
    only = {name: [*KEYS, *fields] for name, fields in wanted.items()}
    for name, reading in read_all(run, ask(run, names, everything=True, only=only)).items():
        with attempt(run, name, Operation.PULL_UPDATES):
            batch = reading()
            fill(run, batch, check(run, batch, some_fields=True))
