"""Fills an org with people: deterministic by seed, a million in well under a minute.

Everything is drawn by the database from a hash of seed, row and column, so the same seed gives the same
people on any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sandbox import ids, words
from sandbox.access import Profile
from sandbox.core import ADMIN_PROFILE, ADMIN_USER, ORG_ID, STANDARD_PROFILE, SYNC_PROFILE, Core
from sandbox.metadata.lead import CONVERTED_STATUS, STATUSES
from sandbox.metadata.opportunity import STAGES
from sandbox.metadata.permission import PERMISSIONS
from sandbox.tables import Record

YEARS = 6
QUIET_DAYS = 2
"""Seeded records were last changed longer ago than this: an incremental reader finds none of them."""
SALES_USERS = 12
_PROFILES = (ADMIN_PROFILE, STANDARD_PROFILE, SYNC_PROFILE)


def furnish(core: Core) -> None:
    """What every org has: itself, profiles, users, queues, lead statuses."""
    stamp = core.clock.stamp() - timedelta(days=365 * YEARS)
    base = {
        "CreatedDate": stamp,
        "CreatedById": ADMIN_USER,
        "LastModifiedDate": stamp,
        "LastModifiedById": ADMIN_USER,
        "SystemModstamp": stamp,
    }

    def put(name: str, rows: list[Record]) -> None:
        sobject = core.schema[name]
        numbers = core.store.numbers(sobject, len(rows))
        kept = {key: value for key, value in base.items() if key in sobject.fields}
        core.store.insert(
            sobject,
            [
                {**kept, **row, "_key": number, "Id": ids.make(sobject.prefix, number)}
                for number, row in zip(numbers, rows, strict=True)
            ],
        )

    put(
        "Organization",
        [
            {
                "Name": "Sandbox Org",
                "OrganizationType": "Developer Edition",
                "InstanceName": "LOOP1",
                "IsSandbox": False,
                "IsReadOnly": False,
                "DefaultLocaleSidKey": "en_US",
                "LanguageLocaleKey": "en_US",
                "TimeZoneSidKey": "GMT",
                "FiscalYearStartMonth": 1,
                "City": "Berlin",
                "Country": "Germany",
            }
        ],
    )
    put("Profile", [_profile(core, key) for key in _PROFILES])
    put("PermissionSet", [_permission_set(core, key) for key in _PROFILES])
    put("User", _users())
    put("PermissionSetAssignment", _assignments())
    put("OpportunityStage", _stages())
    queues = ["Inbound Leads", "Partner Leads"]
    put(
        "Group",
        [
            {
                "Name": name,
                "DeveloperName": name.replace(" ", "_"),
                "Type": "Queue",
                "OwnerId": ORG_ID,
                "DoesSendEmailToMembers": False,
                "DoesIncludeBosses": False,
            }
            for name in queues
        ],
    )
    put(
        "QueueSobject",
        [{"QueueId": ids.make("00G", number + 1), "SobjectType": "Lead"} for number in range(2)],
    )
    put(
        "LeadStatus",
        [
            {
                "MasterLabel": status,
                "ApiName": status,
                "SortOrder": place + 1,
                "IsDefault": place == 0,
                "IsConverted": status == CONVERTED_STATUS,
            }
            for place, status in enumerate(STATUSES)
        ],
    )


def _stages() -> list[Record]:
    return [
        {
            "MasterLabel": name,
            "ApiName": name,
            "IsActive": True,
            "SortOrder": place + 1,
            "DefaultProbability": float(probability),
            "IsClosed": closed,
            "IsWon": won,
            "ForecastCategory": category,
            "ForecastCategoryName": category_name,
        }
        for place, (name, (probability, closed, won, category, category_name)) in enumerate(STAGES.items())
    ]


def _profile(core: Core, profile_id: str) -> Record:
    profile = core.profiles[profile_id]
    return {
        "Name": profile.name,
        "UserType": "Standard",
        **_permissions(profile),
    }


def _permissions(profile: Profile) -> Record:
    return {f"Permissions{name}": profile.allows(name) for name in PERMISSIONS}


def _permission_set(core: Core, profile_id: str) -> Record:
    profile = core.profiles[profile_id]
    return {
        "Name": f"X{profile_id[:15]}",
        "Label": f"00e{profile_id[3:15]}",
        "ProfileId": profile_id,
        "IsOwnedByProfile": True,
        "IsCustom": False,
        "Type": "Regular",
        **_permissions(profile),
    }


def _assignments() -> list[Record]:
    """Everybody has the set behind the own profile."""
    sets = {profile: ids.make("0PS", place + 1) for place, profile in enumerate(_PROFILES)}
    return [
        {
            "PermissionSetId": sets[user["ProfileId"]],
            "AssigneeId": ids.make("005", place + 1),
            "IsActive": True,
        }
        for place, user in enumerate(_users())
    ]


def _users() -> list[Record]:
    people = [("Ada", "Admin", ADMIN_PROFILE), ("Sync", "User", SYNC_PROFILE)]
    people += [(first, last, STANDARD_PROFILE) for first, last in words.SALES_PEOPLE[:SALES_USERS]]
    rows = []
    for number, (first, last, profile) in enumerate(people):
        handle = f"{first}.{last}".lower()
        rows.append(
            {
                "Username": f"{handle}@sandbox.example",
                "FirstName": first,
                "LastName": last,
                "Name": f"{first} {last}",
                "Email": f"{handle}@sandbox.example",
                "Alias": f"{first[0]}{last}".lower()[:8],
                "CommunityNickname": handle,
                "CompanyName": "Sandbox Org",
                "Department": "Sales" if number > 1 else "IT",
                "Title": "Account Executive" if number > 1 else None,
                "IsActive": True,
                "TimeZoneSidKey": "GMT",
                "LocaleSidKey": "en_US",
                "EmailEncodingKey": "UTF-8",
                "LanguageLocaleKey": "en_US",
                "ProfileId": profile,
                "UserType": "Standard",
                "ReceivesInfoEmails": False,
                "ReceivesAdminInfoEmails": False,
                "UserPermissionsMarketingUser": number <= 1,
                "ForecastEnabled": False,
                "ManagerId": ids.make("005", 3) if number > 2 else None,
            }
        )
    return rows


def people(core: Core, count: int, lead_share: float = 0.6) -> None:
    """Leads (a share of `count`), contacts (the others) and an account for every five contacts."""
    leads = round(count * lead_share)
    contacts = count - leads
    accounts = (contacts + 4) // 5
    maker = _Maker(core)
    with core.store.transaction():
        maker.fill("Account", accounts, _account)
        maker.fill("Contact", contacts, lambda m: _contact(m, accounts))
        maker.fill("Lead", leads, _lead)


class _Maker:
    """Writes the SQL that makes rows of one object."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.salt = ""
        self._draws = 0
        now = core.clock.stamp()
        self.end = now - timedelta(days=QUIET_DAYS)
        self.start = self.end - timedelta(days=365 * YEARS)

    def fill(self, name: str, count: int, columns: Callable[[_Maker], dict[str, str]]) -> None:
        """Make `count` rows."""
        if not count:
            return
        self.salt = f"{self.core.seed}:{name}"
        self._draws = 0
        sobject = self.core.schema[name]
        first = self.core.store.numbers(sobject, count)[0]
        chosen = {**self._system(), **columns(self)}
        chosen |= {
            item.name: "FALSE"
            for item in sobject.stored
            if item.type == "boolean" and item.name not in chosen
        }
        names = ", ".join(f'"{key}"' for key in chosen)
        values = ", ".join(chosen.values())
        span = int((self.end - self.start).total_seconds())
        pace = f"CAST(floor((i - {first}) * {span}.0 / {count}) AS BIGINT)"
        self.core.store.run(
            f'INSERT INTO {sobject.table} (_key, "Id", {names}) '
            f"SELECT i, {self._id(sobject.prefix)}, {values} FROM ("
            f"SELECT i, TIMESTAMP '{self.start}' + to_seconds({pace}) "
            f"AS made FROM range({first}, {first + count}) r(i)) ORDER BY i"
        )

    def _system(self) -> dict[str, str]:
        later = self.draw(1_000_000)
        changed = (
            f"made + to_seconds(CAST(floor(date_diff('second', made, TIMESTAMP '{self.end}') "
            f"* {later} / 1000000.0) AS BIGINT))"
        )
        user = self.user()
        return {
            "IsDeleted": "FALSE",
            "CreatedDate": "made",
            "CreatedById": user,
            "LastModifiedDate": changed,
            "LastModifiedById": user,
            "SystemModstamp": changed,
            "OwnerId": self.user(),
        }

    def draw(self, sides: int) -> str:
        """A whole number from 0 to sides - 1, another for every call."""
        self._draws += 1
        return f"CAST(hash(i, '{self.salt}:{self._draws}') % {sides} AS BIGINT)"

    def pick(self, values: list[str], nulls: int = 0) -> str:
        """One of the values; `nulls` in a hundred rows have none."""
        items = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
        chosen = f"([{items}])[1 + {self.draw(len(values))}]"
        return f"CASE WHEN {self.draw(100)} < {nulls} THEN NULL ELSE {chosen} END" if nulls else chosen

    def user(self) -> str:
        """A sales user."""
        return self.pick([ids.make("005", number) for number in range(3, 3 + SALES_USERS)])

    def phone(self, nulls: int) -> str:
        """A phone number."""
        last = f"lpad(CAST({self.draw(10000)} AS VARCHAR), 4, '0')"
        number = f"'+1 ' || (200 + {self.draw(700)}) || ' 555 ' || {last}"
        return f"CASE WHEN {self.draw(100)} < {nulls} THEN NULL ELSE {number} END"

    def _id(self, prefix: str, number: str = "i") -> str:
        # Numbers of seeded records stay below 62^4: four digits vary, so the checksum is computed from them.
        return record_id(prefix, number)

    def address(self, prefix: str) -> dict[str, str]:
        """A place: city, state and country belong together."""
        which = self.draw(len(words.PLACES))
        parts = {}
        for at, part in enumerate(("City", "State", "PostalCode", "Country")):
            items = ", ".join("'" + place[at].replace("'", "''") + "'" for place in words.PLACES)
            parts[f"{prefix}{part}"] = f"NULLIF(([{items}])[1 + {which}], '')"
        floor = f"chr(10) || 'Floor ' || {self.draw(30)}"
        street = f"(1 + {self.draw(400)}) || ' ' || {self.pick(words.STREETS)}"
        parts[f"{prefix}Street"] = f"{street} || CASE WHEN {self.draw(100)} < 4 THEN {floor} ELSE '' END"
        return parts


def record_id(prefix: str, number: str = "i") -> str:
    """SQL for the 18-character id of record `number` (below 62^5)."""
    digits = ids.DIGITS
    char = [
        f"substr('{digits}', CAST(1 + ({number} // {62**place}) % 62 AS BIGINT), 1)" for place in range(5)
    ]
    fixed = prefix + ids.INSTANCE
    head = ids.checksum((fixed + "000000000")[:15])[0]
    check = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    upper = [
        f"(CASE WHEN ({number} // {62**place}) % 62 BETWEEN 10 AND 35 THEN 1 ELSE 0 END)"
        for place in range(5)
    ]
    # Positions 6 to 10 are zero padding without case; position 11 to 15 are the five digits.
    middle_bits = ids.checksum((fixed + "000000000")[:15])[1]
    bits = " + ".join(f"{1 << (4 - place)} * {upper[place]}" for place in range(5))
    last = f"substr('{check}', 1 + {bits}, 1)"
    text = " || ".join(char[place] for place in (4, 3, 2, 1, 0))
    return f"'{fixed}0000' || {text} || '{head}{middle_bits}' || {last}"


def _account(m: _Maker) -> dict[str, str]:
    name = f"{m.pick(words.COMPANY_HEADS)} || ' ' || {m.pick(words.COMPANY_TAILS)}"
    return {
        "Name": f"CASE WHEN i % 7 = 0 THEN {name} || ' ' || i ELSE {name} END",
        "Type": m.pick(["Prospect", "Customer - Direct", "Customer - Channel", "Other"], 30),
        "Industry": m.pick(words.INDUSTRIES, 20),
        "Rating": m.pick(["Hot", "Warm", "Cold"], 50),
        "AnnualRevenue": f"CASE WHEN {m.draw(3)} = 0 THEN NULL ELSE 10000.0 * {m.draw(90000)} END",
        "NumberOfEmployees": f"CASE WHEN {m.draw(4)} = 0 THEN NULL ELSE 1 + {m.draw(20000)} END",
        "Phone": m.phone(20),
        "Website": "'https://www.company' || i || '.example'",
        "AccountNumber": "CASE WHEN i % 50 = 0 THEN '00000' ELSE lpad(CAST(i AS VARCHAR), 7, '0') END",
        "Site": m.pick(["NA", "EMEA", "APAC", "Headquarters"], 60),
        "Description": m.pick(words.NOTES, 70),
        **m.address("Billing"),
    }


def _person(m: _Maker, domain: str) -> dict[str, str]:
    first, last = m.pick(words.FIRST_NAMES, 3), m.pick(words.LAST_NAMES)
    return {
        "FirstName": first,
        "LastName": last,
        "Name": f"concat_ws(' ', {first}, {last})",
        "Salutation": m.pick(["Mr.", "Ms.", "Mrs.", "Dr.", "Prof."], 60),
        "Email": (
            f"CASE WHEN {m.draw(100)} < 6 THEN NULL ELSE {m.pick(words.MAIL_NAMES)} || '.' || i || "
            f"'@{domain}' || ({m.draw(5000)}) || '.example' END"
        ),
        "Title": m.pick(words.TITLES, 15),
        "Phone": m.phone(15),
        "MobilePhone": m.phone(60),
        "LeadSource": m.pick(["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"], 10),
        "Description": m.pick(words.NOTES, 80),
        "mkto71_Lead_Score__c": f"CASE WHEN {m.draw(4)} = 0 THEN NULL ELSE CAST({m.draw(120)} AS DOUBLE) END",
        "mkto71_Original_Source_Type__c": m.pick(
            ["Web page visit", "Salesforce.com", "List import", "NA"], 40
        ),
        "Favorite_Color__c": m.pick(["Red", "Green", "Blue", "Yellow"], 50),
        "Interests__c": m.pick(["Analytics", "Email;Web", "Events", "Analytics;Events;Mobile"], 50),
        "Newsletter__c": f"{m.draw(3)} = 0",
        "Satisfaction__c": f"CASE WHEN {m.draw(2)} = 0 THEN NULL ELSE {m.draw(1000)} / 100.0 END",
        "Last_Survey__c": f"CASE WHEN {m.draw(2)} = 0 THEN NULL ELSE CAST(made AS DATE) END",
    }


def _contact(m: _Maker, accounts: int) -> dict[str, str]:
    parent = f"(1 + {m.draw(max(accounts, 1))})"
    return {
        **_person(m, "client"),
        "AccountId": f"CASE WHEN {m.draw(100)} < 2 THEN NULL ELSE {record_id('001', parent)} END",
        "Department": m.pick(["Marketing", "Sales", "IT", "Finance", "Operations"], 30),
        "Birthdate": (
            f"CASE WHEN {m.draw(4)} = 0 THEN DATE '1955-01-01' + CAST({m.draw(17000)} AS INTEGER) END"
        ),
        **m.address("Mailing"),
    }


def _lead(m: _Maker) -> dict[str, str]:
    queues = [ids.make("00G", 1), ids.make("00G", 2)]
    owner = f"CASE WHEN {m.draw(20)} = 0 THEN {m.pick(queues)} ELSE {m.user()} END"
    return {
        **_person(m, "lead"),
        "OwnerId": owner,
        "Company": f"{m.pick(words.COMPANY_HEADS)} || ' ' || {m.pick(words.COMPANY_TAILS)}",
        "Status": m.pick([STATUSES[0], STATUSES[0], STATUSES[1], STATUSES[3]]),
        "Industry": m.pick(words.INDUSTRIES, 20),
        "Rating": m.pick(["Hot", "Warm", "Cold"], 40),
        "AnnualRevenue": f"CASE WHEN {m.draw(2)} = 0 THEN NULL ELSE 10000.0 * {m.draw(90000)} END",
        "NumberOfEmployees": f"CASE WHEN {m.draw(3)} = 0 THEN NULL ELSE 1 + {m.draw(20000)} END",
        "Website": f"'https://lead' || ({m.draw(5000)}) || '.example'",
        "Product_Interest__c": m.pick(["Starter", "Team", "Enterprise", '"All" of it'], 50),
        **m.address(""),
    }
