"""What `query` answers beside rows: numbers of every kind, columns, plans."""

from __future__ import annotations

from http_client import Client

from sandbox import Org


def test_whole_numbers_add_up(client: Client) -> None:
    for staff in (3, 4):
        client.create("Lead", LastName="Sum", Company="c", NumberOfEmployees=staff)
    asked = "SUM(NumberOfEmployees) s, AVG(NumberOfEmployees) a, COUNT(Id) n"
    found = client.query(f"SELECT {asked} FROM Lead WHERE LastName = 'Sum'").json()["records"][0]
    assert (found["s"], found["a"], found["n"]) == (7, 3.5, 2)


def test_columns_instead_of_rows(client: Client) -> None:
    soql = (
        "SELECT Id, Name, NumberOfEmployees, Owner.Name, (SELECT Subject FROM Tasks), Tandem_Id__c FROM Lead"
    )
    about = client.get("query", params={"q": soql, "columns": "true"}).json()
    assert (about["entityName"], about["keyPrefix"], about["groupBy"], about["idSelected"]) == (
        "Lead", "00Q", False, True,
    )  # fmt: skip
    columns = {column["columnName"]: column for column in about["columnMetadata"]}
    assert [columns[name]["apexType"] for name in ("Id", "Name", "NumberOfEmployees")] == [
        "Id", "String", "Integer",
    ]  # fmt: skip
    assert [joined["columnName"] for joined in columns["Owner"]["joinColumns"]] == ["Name"]
    assert (columns["Tasks"]["aggregate"], columns["Owner"]["aggregate"]) == (True, False)
    assert [joined["columnName"] for joined in columns["Tasks"]["joinColumns"]] == ["Subject"]
    assert (columns["Tandem_Id__c"]["custom"], columns["Name"]["updatable"]) == (True, False)
    grouped = {"q": "SELECT Rating, COUNT(Id), MAX(CreatedDate) late FROM Lead GROUP BY Rating", "columns": 1}
    about = client.get("query", params=grouped).json()
    shown = [(item["columnName"], item["displayName"], item["aggregate"]) for item in about["columnMetadata"]]
    assert shown == [("Rating", "Rating", False), ("expr0", "count", True), ("late", "max", True)]
    assert (about["groupBy"], about["idSelected"]) == (True, False)


def test_a_query_is_explained(org: Org, client: Client) -> None:
    plan = client.get("query", params={"explain": "SELECT Id FROM Lead WHERE Rating = 'Hot'"}).json()[
        "plans"
    ][0]
    hot = len(org.query("SELECT Id FROM Lead WHERE Rating = 'Hot'"))
    assert (plan["cardinality"], plan["sobjectCardinality"]) == (hot, org.count("Lead"))
    assert client.get("query", params={"explain": "SELECT"}).status_code == 400


def test_queries_go_deeper_since_v58(client: Client) -> None:
    soql = "SELECT Id, (SELECT Id, (SELECT Id FROM Tasks) FROM Contacts) FROM Account LIMIT 1"
    for version, status in (("58.0", 200), ("57.0", 400)):
        answer = client.get(f"/services/data/v{version}/query", params={"q": soql})
        assert answer.status_code == status
    flat = {"q": "SELECT Id, (SELECT Id FROM Contacts) FROM Account LIMIT 1"}
    assert client.get("/services/data/v57.0/query", params=flat).status_code == 200
