"""New picklist values: whoever uses the field here should know of them (20.1, PIC-01)."""

from __future__ import annotations

from tandem.database.connection import Session
from tandem.database.fields import active_fields
from tandem.database.journal import Step
from tandem.database.notifications import notify
from tandem.notification import Kind
from tandem.reports.field_uses import uses_of
from tandem.run import Run
from tandem.salesforce.description import ObjectDescribe


def tell_new_values(
    session: Session, run: Run, step: Step, before: ObjectDescribe | None, now: ObjectDescribe
) -> None:
    """Keep a notification for each field that offers values that it did not offer before. Nothing else changes."""
    table = run.objects[now.name].table
    told = []
    for field in active_fields(session, now.name) if before else ():
        old = before.fields.get(field.field) if before else None
        seen = now.fields.get(field.field)
        if seen is None or old is None or not old.picklist_values or field.column is None:
            continue
        new = [value for value in seen.picklist_values if value not in old.picklist_values]
        if new:
            values = ", ".join(repr(value) for value in new)
            uses = uses_of(session, run.settings, table, [field])
            used = f"It is used in: {'; '.join(uses)}." if uses else "Nothing here is known to use it."
            message = f"{now.name}.{field.field} ({field.column}) offers {values} now. {used}"
            notify(session, run.id, Kind.PICKLIST_VALUE, now.name, field.field, message)
            told.append(f"{field.field} offers {values}")
    if told:
        step.detail = " ".join(filter(None, (step.detail, f"New picklist values: {'; '.join(told)}.")))
