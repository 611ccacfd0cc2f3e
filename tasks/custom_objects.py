"""Custom objects: which are enabled, and the way from each to its people (section 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tandem.database import custom_objects, journal
from tandem.database.connection import Session
from tandem.errors import SettingsError
from tandem.objects.custom_object import Path, find_path, needed, with_path
from tandem.run import Run
from tandem.salesforce.describe import describe_objects
from tandem.salesforce.description import ObjectDescribe
from tandem.settings import SyncSettings


def wanted(settings: SyncSettings) -> custom_objects.Chosen:
    """Return what the settings say."""
    fields = settings.custom_object_constraints
    return {name: fields.get(name) for name in settings.custom_objects}


def take_over_choice(run: Run) -> None:
    """Take over which custom objects are enabled, and their constraints: the sync is paused, or was never on.

    :raises SettingsError: the constraints of an object in use were edited (12.6).
    """
    settings = run.settings.sync
    if not run.database.exists() and not settings.custom_objects:
        return
    with run.database.write() as session, session.transaction():
        now, before = wanted(settings), custom_objects.chosen(session)
        locked = [
            name
            for name in settings.custom_objects_in_use
            if name in before and (name not in now or _fields(now[name]) != _fields(before[name]))
        ]
        if locked:
            raise SettingsError(
                f"{', '.join(locked)} is in use (sync.custom_objects_in_use): its constraints cannot be edited."
                " Put them back, or take it out of use first."
            )
        custom_objects.take_over(session, now)


def refuse_edited_choice(run: Run) -> None:
    """See to it that nobody enabled a custom object, or edited its constraints, while the sync was on (12.5).

    :raises SettingsError: somebody did.
    """
    with run.database.read() as session:
        on = bool(journal.watermarks(session))
        before, now = custom_objects.chosen(session), wanted(run.settings.sync)
        edited = sorted(
            name
            for name in {*before, *now}
            if name not in before or name not in now or _fields(before[name]) != _fields(now[name])
        )
    if not on:
        take_over_choice(run)
    elif edited:
        raise SettingsError(
            f"sync.custom_objects or their constraints were edited while the sync was on: {', '.join(edited)}."
            " Set sync.paused, run `tandem sync` once, which takes the edit over, then take the pause back."
        )


def _fields(constraints: Sequence[str] | None) -> set[str] | None:
    return None if constraints is None else set(constraints)


def look_for_paths(
    run: Run, answers: Mapping[str, ObjectDescribe | None], kept: Mapping[str, ObjectDescribe]
) -> dict[str, ObjectDescribe]:
    """Return all descriptions at hand, and those of objects over which a way of two steps may lead.

    Nothing is asked unless a custom object is new or changed.
    """
    known = {**kept, **{name: each for name, each in answers.items() if each is not None}}
    changed = [each for name, each in answers.items() if each is not None and run.objects[name].is_custom]
    asked = sorted(needed(changed) - set(known))
    found = describe_objects(run.connection, asked) if asked else {}
    return known | {name: each for name, each in found.items() if each is not None}


def relate(
    session: Session,
    run: Run,
    answers: dict[str, ObjectDescribe | None],
    described: Mapping[str, ObjectDescribe],
) -> dict[str, str]:
    """Find the way from each custom object to its people, and keep it; in ``answers`` add what is read along.

    :return: in words, why an object cannot be synced.
    """
    unfit = {}
    for name in (each for each in answers if run.objects[each].is_custom):
        try:
            path = None if answers[name] is None else _path(described[name], described)
            references = path.references if path else custom_objects.references(session, name)
            _refuse_misfits(session, run, described[name], references)
        except SettingsError as error:
            unfit[name] = str(error)
        else:
            if path:
                custom_objects.register(session, name, described[name].label, path)
                answers[name] = replace(described[name], fields=with_path(described[name], path))
    return unfit


def _path(described: ObjectDescribe, others: Mapping[str, ObjectDescribe]) -> Path:
    path = find_path(described, others)
    if path is None:
        raise SettingsError(
            f"{described.name} has no lookup to Lead, Contact or Account, nor to an object that has one (12.2)."
            " Take it out of sync.custom_objects, or let the sync user see the lookup."
        )
    return path


def _refuse_misfits(session: Session, run: Run, described: ObjectDescribe, references: Sequence[str]) -> None:
    name = described.name
    if needed_ones := set(references) & set(run.settings.sync.ignored(name)):
        raise SettingsError(
            f"sync.ignored_fields names {', '.join(sorted(needed_ones))}, by which {name} finds its people."
            " Take it out; until then the object is not synced."
        )
    if taken := custom_objects.name_taken(session, name, described.label):
        raise SettingsError(
            f"{name} cannot be synced: {taken}, and names must be unique (12.4)."
            " Rename one of them, or take it out of sync.custom_objects."
        )
    fields = run.settings.sync.custom_object_constraints.get(name, ())
    if unknown := [each for each in fields if each not in described.fields]:
        raise SettingsError(
            f"sync.custom_object_constraints names {', '.join(unknown)}, and the sync user sees no such field of"
            f" {name}. Correct the name, or take it out; until then the object is not synced."
        )
