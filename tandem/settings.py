"""Settings: from the environment (``TANDEM_…``), ``.env``, then ``tandem.toml``, in that order.

Nested settings use two underscores in the environment (``TANDEM_SALESFORCE__CLIENT_ID``) and tables in
the file (``[salesforce]``). Secrets belong in the environment or a Prefect Secret block, not in the file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as EnvironmentSettingsError

from tandem.notification import Kind
from tandem.wrong_settings import check_variables, file_error, unknown_name, value_error, variable_error

PREFIX = "TANDEM_"
_VARIABLES, _FILE = Path(".env"), Path("tandem.toml")

SettableObject = Literal[
    "User",
    "Group",
    "Account",
    "Lead",
    "Contact",
    "Opportunity",
    "OpportunityContactRole",
    "Task",
    "Event",
    "Campaign",
    "CampaignMemberStatus",
    "CampaignMember",
]
SettableTable = Literal[
    "person",
    "company",
    "sales_user",
    "lead_queue",
    "opportunity",
    "opportunity_role",
    "task",
    "event",
    "campaign",
    "campaign_status",
    "campaign_member",
]

CUSTOM_OBJECT = r"^[A-Za-z]\w*__c$"
CustomObjectName = Annotated[str, StringConstraints(pattern=CUSTOM_OBJECT)]
AnyObjectName = SettableObject | CustomObjectName

_BLOCK = r"^[a-z0-9-]+/[a-z0-9-]+$"
BlockName = Annotated[str, StringConstraints(pattern=_BLOCK)]

_API_VERSION = r"^\d{2,3}\.0$"
_MEMORY = r"(?i)^\d+(\.\d+)?\s*([KMGT]i?B)$"
#: What a text that must have a form may look like.
_EXAMPLES = {CUSTOM_OBJECT: "Invoice__c", _BLOCK: "slack-webhook/ops", _API_VERSION: "62.0", _MEMORY: "1GB"}

PushableActivity = Literal[
    "filled_out_form",
    "added_to_list",
    "email_sent",
    "email_delivered",
    "email_opened",
    "clicked_link_in_email",
    "removed_from_list",
    "removed_from_flow",
    "sales_email_sent",
    "sales_email_opened",
    "clicked_link_in_sales_email",
    "sales_email_received",
]


class SalesforceSettings(BaseModel):
    """Where the org is and how to log in."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field("", description="My Domain address of the org, e.g. https://acme.my.salesforce.com.")
    login: Literal["client_credentials", "jwt_bearer"] = Field(
        "client_credentials", description="OAuth flow: client credentials, or JWT bearer."
    )
    client_id: str = Field("", description="Consumer key of the connected or external client app.")
    client_secret: SecretStr = Field(SecretStr(""), description="Consumer secret, for client credentials.")
    username: str = Field("", description="The sync user's username, for JWT bearer.")
    private_key_file: Path | None = Field(None, description="PEM file with the private key, for JWT bearer.")
    api_version: str = Field("62.0", pattern=_API_VERSION, description="REST and Bulk API version.")
    timeout_seconds: float = Field(60.0, gt=0, description="Longest wait for any single answer.")
    max_attempts: int = Field(5, ge=1, description="Tries of a call that failed for an intermittent reason.")
    backoff_seconds: float = Field(
        1.0, ge=0, description="First wait before another try; doubles, with jitter."
    )
    bulk_threshold: int = Field(2000, ge=1, description="Rows from which Bulk 2.0 is used instead of REST.")
    bulk_page_rows: int = Field(100_000, ge=100, description="Rows per result page of a Bulk 2.0 query.")
    parallel_pages: int = Field(2, ge=1, le=15, description="Bulk result pages downloaded at once.")
    bulk_poll_seconds: float = Field(5.0, gt=0, description="Longest pause between looks at a Bulk job.")
    bulk_wait_hours: float = Field(
        12.0, gt=0, description="Longest wait in one run for a Bulk job; the next run takes it up again."
    )
    external_id_field: str = Field(
        "", description="External id field on Lead that makes creating a person a safe upsert; empty: none."
    )


class ApiBudget(BaseModel):
    """How many API calls Tandem may spend (API-02)."""

    model_config = ConfigDict(extra="forbid")

    daily_calls: int = Field(0, ge=0, description="Our own calls in any 24 hours; 0: no limit of our own.")
    reserve: float = Field(
        0.1, ge=0, lt=1, description="Share of the org's daily calls that is left to everyone else."
    )


class SyncSettings(BaseModel):
    """How the cycle behaves."""

    model_config = ConfigDict(extra="forbid")

    objects: tuple[SettableObject, ...] = Field(
        (
            *("User", "Group", "Account", "Lead", "Contact"),
            *("Opportunity", "OpportunityContactRole"),
            *("Campaign", "CampaignMemberStatus", "CampaignMember"),
            *("Task", "Event"),
        ),
        description="Objects that take part in the sync.",
    )
    campaigns: bool = Field(
        False,
        description="Sync campaigns, their members and statuses; the sync user must be a Marketing User.",
    )
    custom_objects: tuple[CustomObjectName, ...] = Field(
        (), description="Custom objects that take part; edited while the sync is paused only (12.5)."
    )
    custom_object_constraints: dict[CustomObjectName, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Fields that a custom object's activities carry; without an entry all (12.6), e.g."
        ' {"Invoice__c": ["Amount__c"]}. Edited while the sync is paused only.',
    )
    custom_objects_in_use: tuple[CustomObjectName, ...] = Field(
        (), description="Custom objects that campaigns of yours go by: their constraints are locked (12.6)."
    )
    pushed_activities: tuple[PushableActivity, ...] = Field(
        (),
        description="Activities that become completed tasks in Salesforce, three months back at first, one a day"
        " for each person and type (section 14).",
    )
    paused: bool = Field(
        False, description="Read and send nothing until this is taken back; flow actions go on (ENG-06)."
    )
    paused_objects: tuple[AnyObjectName, ...] = Field(
        (), description="Objects that rest meanwhile, while the others go on."
    )
    filters: dict[AnyObjectName, str] = Field(
        default_factory=dict,
        description='SOQL conditions that records must meet to be synced, e.g. {"Lead": "Do_Not_Sync__c = false"}'
        " (VIS-04). A record that stops matching stays as it is.",
    )
    pause_seconds: int = Field(
        300, ge=0, description="Pause after the end of a cycle before the next (ENG-01)."
    )
    overlap_seconds: int = Field(600, ge=0, description="How far each read reaches back for late commits.")
    rows_per_pass: int = Field(
        0,
        ge=0,
        description="Most changed rows of an object that one cycle reads; the next goes on with the rest. 0: all"
        " of them (ENG-10).",
    )
    blocked_fields: dict[SettableTable | CustomObjectName, tuple[str, ...]] = Field(
        default_factory=dict,
        description='Marketing columns that the sync must not change, e.g. {"person": ["source"]} (3.17); of a'
        ' custom object under its own name, {"Invoice__c": ["memo__c"]}.',
    )
    formula_refresh_hours: float = Field(
        0.0,
        ge=0,
        description="Hours between refreshes of all formula fields, whose values change without a stamp; 0: never.",
    )
    ignored_fields: dict[AnyObjectName, tuple[str, ...]] = Field(
        default_factory=dict, description='More Salesforce fields to leave out, e.g. {"Lead": ["Fax"]}.'
    )
    notify_owner: bool = Field(
        False,
        description="Have Salesforce tell the owner by e-mail when a flow action gives somebody a lead (21.1).",
    )
    match_before_insert: bool = Field(
        False,
        description="Before a person becomes a lead, look for its e-mail address among leads and contacts; who is"
        " there is reported and not created.",
    )
    default_last_name: str = Field("", description="Last name for a first push that has none (21.1).")
    default_company: str = Field("", description="Company for a first push that has none (21.1).")
    account_activity_contacts: int = Field(
        5000, ge=0, description="Most contacts an account may have for its changes to be logged (7.5)."
    )
    keep_days: int = Field(30, ge=5, description="Days that steps, errors and API calls are kept.")

    @field_validator("filters")
    @classmethod
    def _whole_conditions(cls, filters: dict[str, str]) -> dict[str, str]:
        for name, condition in filters.items():
            if not condition.strip():
                raise ValueError(f"the filter of {name} is empty; write a SOQL condition, or take it out")
        return filters

    @field_validator("custom_objects")
    @classmethod
    def _once_each(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len({name.lower() for name in names}) < len(names):
            raise ValueError("an object is named twice")  # 12.4
        return names

    @model_validator(mode="after")
    def _of_enabled_objects(self) -> Self:
        for setting in (
            "custom_object_constraints",
            "paused_objects",
            "filters",
            "blocked_fields",
            "ignored_fields",
        ):
            for name in getattr(self, setting):
                if name.endswith("__c") and name not in self.custom_objects:
                    raise ValueError(f"{setting} names {name}, which is not among sync.custom_objects")
        return self

    @property
    def every_object(self) -> tuple[str, ...]:
        """The objects that take part, custom ones included; campaigns only once they are enabled (10.1)."""
        standard = (name for name in self.objects if self.campaigns or not name.startswith("Campaign"))
        return (*standard, *self.custom_objects)

    def is_paused(self, object_name: str) -> bool:
        """Return whether nothing is read or sent of an object for now (ENG-06)."""
        return self.paused or object_name in self.paused_objects

    def filter(self, object_name: str) -> str | None:
        """Return the condition that an object's records must meet to be synced (VIS-04)."""
        return next((condition for key, condition in self.filters.items() if key == object_name), None)

    def ignored(self, object_name: str) -> tuple[str, ...]:
        """Return the fields of an object to leave out."""
        return next((names for key, names in self.ignored_fields.items() if key == object_name), ())

    def blocked(self, table: str) -> tuple[str, ...]:
        """Return the columns of a marketing table that the sync must not change."""
        return next((names for key, names in self.blocked_fields.items() if key.lower() == table), ())


class QualitySettings(BaseModel):
    """The data quality report."""

    model_config = ConfigDict(extra="forbid")

    folder: Path = Field(Path("data/quality"), description="Where the report and its Data Docs are written.")
    keep_docs: int = Field(14, ge=1, description="Reports that Data Docs show; older ones are removed.")
    keep_days: int = Field(400, ge=1, description="Days that the trend of data quality goes back.")


class NotifySettings(BaseModel):
    """Who is told what (section 26)."""

    model_config = ConfigDict(extra="forbid")

    targets: dict[BlockName, tuple[Kind, ...]] = Field(
        default_factory=dict,
        description="Notification blocks of Prefect, with the kinds that each wants to hear of; an empty list: all,"
        ' e.g. {"slack-webhook/ops": []}.',
    )
    down_minutes: int = Field(
        60, ge=0, description="Minutes without a successful cycle until the sync counts as down; 0: never."
    )
    error_rate: float = Field(
        0.1, ge=0, le=1, description="Share of the records sent in 24 hours that may be refused; 1: any."
    )
    quality_score: float = Field(
        0, ge=0, le=100, description="Lowest quality score that an object should have, of 100; 0: any."
    )
    timeout_seconds: float = Field(10.0, gt=0, description="Longest wait for a target to answer.")


class Settings(BaseSettings):
    """Everything that can be set. Unknown names are refused, so that a typing error cannot hide."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_file=_VARIABLES,
        toml_file=_FILE,
        extra="forbid",
    )

    database: Path = Field(Path("data/marketing.duckdb"), description="The marketing database.")
    staging: Path = Field(Path("data/staging"), description="Where batches wait between wire and database.")
    expectations: Path = Field(Path("expectations"), description="The folder with the expectation suites.")
    log_json: bool = Field(
        False,
        description="Write log lines as JSON, each with its run, to stderr; `tandem up`: to worker.log.",
    )
    lock_wait_seconds: float = Field(
        30.0, ge=0, description="How long to wait for another process's write to end."
    )
    memory_limit: str = Field(
        "1GB",
        pattern=_MEMORY,
        description="DuckDB's memory; what does not fit goes to disk.",
    )
    threads: int = Field(2, ge=1, description="DuckDB's threads.")
    salesforce: Annotated[SalesforceSettings, Field(default_factory=SalesforceSettings)]
    budget: Annotated[ApiBudget, Field(default_factory=ApiBudget)]
    sync: Annotated[SyncSettings, Field(default_factory=SyncSettings)]
    notify: Annotated[NotifySettings, Field(default_factory=NotifySettings)]
    quality: Annotated[QualitySettings, Field(default_factory=QualitySettings)]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, environment, ``.env``, ``tandem.toml``."""
        toml = TomlConfigSettingsSource(settings_cls)
        return init_settings, env_settings, _OwnNames(settings_cls), toml


class _OwnNames(DotEnvSettingsSource):
    """The ``.env`` file, which may hold settings of other programs too."""

    def __call__(self) -> dict[str, Any]:
        known = self.settings_cls.model_fields
        found = super().__call__().items()
        return {name: value for name, value in found if name in known or name.startswith(PREFIX.lower())}


def load(**overrides: Any) -> Settings:
    """Read the settings.

    :raises SettingsError: one line that names the first setting that is wrong, never its value.
    """
    try:
        check_variables(_VARIABLES)
        _refuse_unknown_names()
        return Settings(**overrides)
    except ValidationError as error:
        raise value_error(error, Settings, _EXAMPLES) from None
    except EnvironmentSettingsError as error:
        raise variable_error(error) from None
    except (ValueError, OSError) as error:
        raise file_error(_FILE, error) from None


def _refuse_unknown_names() -> None:
    known = set(Settings.model_fields)
    for variable in sorted(os.environ):
        if variable.upper().startswith(PREFIX):
            name = variable[len(PREFIX) :].lower()
            if name.partition("__")[0] not in known:
                raise unknown_name(variable, Settings)
