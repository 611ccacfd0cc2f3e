"""The org option that turns some accounts into people."""

from __future__ import annotations

from sandbox.administration.base import Administration
from sandbox.metadata import person_account
from sandbox.metadata.field import SYSTEM, changed, define
from sandbox.metadata.sobject import RecordTypeInfo


class PersonAccountAdministration(Administration):
    """Enables person accounts; as in Salesforce there is no way back."""

    def enable_person_accounts(self) -> None:
        """Let accounts be people: the fields, the record types, leads without a company."""
        schema, store = self.core.schema, self.core.store
        if person_account.enabled(schema):
            return
        account, contact, types = schema["Account"], schema["Contact"], schema["RecordType"]
        person_type = define("IsPersonType", "Is Person Type", "boolean", defaulted=True, **SYSTEM)
        added = [
            *((account, field) for field in person_account.account_fields(contact)),
            (contact, person_account.person_flag()),
            *([] if types.find("IsPersonType") else [(types, person_type)]),
        ]
        for found, field in added:
            # The database takes few changes of one table in one transaction.
            if field.stored:
                store.add_column(found, field)
            schema.add_field(found.name, field)
        account.record_types = self._record_types()
        store.run('UPDATE "Account" SET "RecordTypeId" = ?', [account.record_types[0].id])
        schema.replace_field("Account", "Name", changed(account.fields["Name"], nillable=True))
        schema.replace_field("Lead", "Company", changed(schema["Lead"].fields["Company"], nillable=True))
        self._keep()

    def _record_types(self) -> tuple[RecordTypeInfo, ...]:
        rows = [
            {
                "Name": name,
                "DeveloperName": developer_name,
                "SobjectType": "Account",
                "IsActive": True,
                "IsPersonType": developer_name == person_account.PERSON_TYPE,
            }
            for name, developer_name in (
                ("Business Account", person_account.BUSINESS_TYPE),
                ("Person Account", person_account.PERSON_TYPE),
            )
        ]
        intent = self._admin()
        intent.trusted = True
        outcomes = self.core.writer.insert(self.core.schema["RecordType"], rows, intent)
        return tuple(
            RecordTypeInfo(str(outcome.id), str(row["Name"]), str(row["DeveloperName"]), place == 0)
            for place, (outcome, row) in enumerate(zip(outcomes, rows, strict=True))
        )
