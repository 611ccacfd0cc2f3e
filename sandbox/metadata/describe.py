"""Writes objects and fields as `describe` answers, with the full key set of recorded ones (facts 5.8)."""

from __future__ import annotations

from typing import Any

from sandbox.access import CREATE, DELETE, EDIT, Profile
from sandbox.metadata.delete_rule import CASCADE, RESTRICT, delete_rule
from sandbox.metadata.field import Field
from sandbox.metadata.schema import Schema, child_relationship
from sandbox.metadata.sobject import RecordTypeInfo, SObject

MASTER_TYPE = "012000000000000AAA"
"""The record type that every object has."""


def describe_field(found: Field, editable: bool = True) -> dict[str, Any]:
    """One field. `editable=False`: field-level security makes it read-only for the caller."""
    return {
        "aggregatable": found.aggregatable,
        "aiPredictionField": False,
        "autoNumber": found.auto_number,
        "byteLength": found.byte_length,
        "calculated": found.calculated,
        "calculatedFormula": found.formula,
        "cascadeDelete": found.master_detail or found.on_delete == CASCADE,
        "caseSensitive": found.case_sensitive,
        "compoundFieldName": found.compound,
        "controllerName": None,
        "createable": found.createable and editable,
        "custom": found.custom,
        "defaultValue": found.default,
        "defaultValueFormula": None,
        "defaultedOnCreate": found.defaulted,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": found.digits,
        "displayLocationInDecimal": False,
        "encrypted": found.type == "encryptedstring",
        "externalId": found.external_id,
        "extraTypeInfo": found.extra,
        "filterable": found.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": found.blank_as_zero,
        "groupable": found.groupable,
        "highScaleNumber": False,
        "htmlFormatted": found.html,
        "idLookup": found.id_lookup,
        "inlineHelpText": None,
        "label": found.label,
        "length": found.length,
        "mask": None,
        "maskType": None,
        "name": found.name,
        "nameField": found.name_field,
        "namePointing": found.name_pointing,
        "nillable": found.nillable,
        "permissionable": found.permissionable,
        "picklistValues": [
            {
                "active": choice.active,
                "defaultValue": choice.default,
                "label": choice.label or choice.value,
                "validFor": None,
                "value": choice.value,
            }
            for choice in found.choices
        ],
        "polymorphicForeignKey": len(found.refers_to) > 1,
        "precision": found.precision,
        "queryByDistance": found.type in ("address", "location"),
        "referenceTargetField": None,
        "referenceTo": list(found.refers_to),
        "relationshipName": found.relationship,
        "relationshipOrder": 0 if found.master_detail else None,
        "restrictedDelete": found.on_delete == RESTRICT,
        "restrictedPicklist": found.restricted,
        "scale": found.scale,
        "searchPrefilterable": found.prefilterable,
        "soapType": found.soap_type,
        "sortable": found.sortable,
        "type": found.type,
        "unique": found.unique,
        "updateable": found.updateable and editable,
        "writeRequiresMasterRead": False,
    }


def summarize(found: SObject, profile: Profile, version: str) -> dict[str, Any]:
    """The part of an object's describe that the global describe repeats, as a user sees it."""
    base = f"/services/data/v{version}/sobjects/{found.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": found.createable and profile.may(found, CREATE),
        "custom": found.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": found.deletable and profile.may(found, DELETE),
        "deprecatedAndHidden": False,
        "feedEnabled": found.mergeable,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": found.prefix,
        "label": found.label,
        "labelPlural": found.plural,
        "layoutable": found.searchable,
        "mergeable": found.mergeable,
        "mruEnabled": found.searchable,
        "name": found.name,
        "queryable": found.queryable,
        "replicateable": found.replicateable,
        "retrieveable": True,
        "searchable": found.searchable,
        "triggerable": True,
        "undeletable": found.undeletable,
        "updateable": found.updateable and profile.may(found, EDIT),
        "urls": {"rowTemplate": f"{base}/{{ID}}", "describe": f"{base}/describe", "sobject": base},
    }


def describe_object(
    found: SObject, schema: Schema, profile: Profile, version: str, host: str
) -> dict[str, Any]:
    """One object as a user sees it."""
    base = f"/services/data/v{version}/sobjects/{found.name}"
    master = RecordTypeInfo(MASTER_TYPE, "Master", "Master", default=not found.record_types)
    out = summarize(found, profile, version)
    out.update(
        {
            "actionOverrides": [],
            "childRelationships": _children(found, schema, profile),
            "compactLayoutable": found.searchable,
            "defaultImplementation": None,
            "extendedBy": None,
            "extendsInterfaces": None,
            "fields": [
                describe_field(item, profile.may_edit(found, item))
                for item in found.fields.values()
                if profile.sees(found, item)
            ],
            "implementedBy": None,
            "implementsInterfaces": None,
            "listviewable": None,
            "lookupLayoutable": None,
            "namedLayoutInfos": [],
            "networkScopeFieldName": None,
            "recordTypeInfos": [_record_type(base, item) for item in (*found.record_types, master)],
            "searchLayoutable": found.searchable,
            "sobjectDescribeOption": "FULL",
            "supportedScopes": [{"label": label, "name": name} for name, label in found.scopes],
            "urls": {
                "compactLayouts": f"{base}/describe/compactLayouts",
                "rowTemplate": f"{base}/{{ID}}",
                "approvalLayouts": f"{base}/describe/approvalLayouts",
                "uiDetailTemplate": f"{host}/{{ID}}",
                "uiEditTemplate": f"{host}/{{ID}}/e",
                "listviews": f"{base}/listviews",
                "describe": f"{base}/describe",
                "uiNewRecord": f"{host}/{found.prefix}/e",
                "quickActions": f"{base}/quickActions",
                "layouts": f"{base}/describe/layouts",
                "sobject": base,
            },
        }
    )
    return dict(sorted(out.items()))


def _record_type(base: str, info: RecordTypeInfo) -> dict[str, Any]:
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": info.default,
        "developerName": info.developer_name,
        "master": info.id == MASTER_TYPE,
        "name": info.name,
        "recordTypeId": info.id,
        "urls": {"layout": f"{base}/describe/layouts/{info.id}"},
    }


def _children(found: SObject, schema: Schema, profile: Profile) -> list[dict[str, Any]]:
    return [
        {
            "cascadeDelete": delete_rule(child, field) == CASCADE,
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": child_relationship(found.name, child, field),
            "restrictedDelete": field.name != "OwnerId" and delete_rule(child, field) == RESTRICT,
        }
        for child, field in schema.children(found.name)
        if profile.sees_object(child) and profile.sees(child, field)
    ]
