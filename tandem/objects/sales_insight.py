"""Fields of the Sales Insight package on Lead and Contact, which marketing fills (section 28); all optional."""

from __future__ import annotations

_PREFIX = "mkto_si__"

#: Field to column of ``person``. What Engagement holds is not documented: nobody but you fills it.
SALES_INSIGHT = {
    f"{_PREFIX}Last_Interesting_Moment_Date__c": "last_interesting_moment_date",
    f"{_PREFIX}Last_Interesting_Moment_Desc__c": "last_interesting_moment_description",
    f"{_PREFIX}Last_Interesting_Moment_Source__c": "last_interesting_moment_source",
    f"{_PREFIX}Last_Interesting_Moment_Type__c": "last_interesting_moment_type",
    f"{_PREFIX}Engagement__c": "engagement",
    f"{_PREFIX}Relative_Score_Value__c": "relative_score",
    f"{_PREFIX}Urgency_Value__c": "urgency",
}
