"""What a notification may be about (section 26)."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a notification is about; settings name the kinds that a target wants to hear of."""

    CREDENTIALS = "credentials"
    """Salesforce does not accept the login."""
    API_LIMIT = "api limit"
    """The API calls that we may use are used up."""
    PERMISSIONS = "permissions"
    """The sync user lost sight of an object or a field."""
    SYNC_DOWN = "sync down"
    """No cycle has succeeded for too long."""
    ERROR_RATE = "error rate"
    """Salesforce refuses too many of the records that are sent."""
    QUALITY_SCORE = "quality score"
    """An object's score is lower than it should be."""
    PICKLIST_VALUE = "picklist value"
    TYPE_CHANGE = "type change"
    COLUMN_RESTORED = "column restored"
