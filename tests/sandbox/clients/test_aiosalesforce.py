"""aiosalesforce, unmodified: its https to My Domain ends on loopback, by httpx's own transport hook."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sandbox import Org, Server

httpx = pytest.importorskip("httpx", reason="NO JUDGE: pip install aiosalesforce")
aiosalesforce = pytest.importorskip("aiosalesforce", reason="NO JUDGE: pip install aiosalesforce")
from aiosalesforce.auth import ClientCredentialsFlow, SoapLogin  # noqa: E402
from aiosalesforce.exceptions import AuthenticationError, SalesforceError  # noqa: E402

HOST = "https://acme.my.salesforce.com"
Script = Callable[["aiosalesforce.Salesforce"], Awaitable[None]]


class Loopback(httpx.AsyncHTTPTransport):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._to = httpx.URL(url)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # A copy, because the client sends its own request again when it retries.
        there = request.url.copy_with(scheme="http", host=self._to.host, port=self._to.port)
        return await super().handle_async_request(
            httpx.Request(
                request.method,
                there,
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )


@pytest.fixture
def run(org: Org, server: Server) -> Callable[..., None]:
    def go(script: Script, auth: object | None = None) -> None:
        async def inside() -> None:
            async with httpx.AsyncClient(transport=Loopback(server.url), timeout=20) as http:
                login = auth or ClientCredentialsFlow(org.client_id, org.client_secret)
                await script(aiosalesforce.Salesforce(http, HOST, login, version="60.0"))

        asyncio.run(inside())

    return go


def test_logins(org: Org, run: Callable[..., None]) -> None:
    async def counts(sf: aiosalesforce.Salesforce) -> None:
        assert (await sf.get_limits())["DailyApiRequests"]["Max"] == 15_000

    run(counts)
    run(counts, SoapLogin(org.username, org.password, org.security_token))
    with pytest.raises(AuthenticationError, match="invalid client credentials"):
        run(counts, ClientCredentialsFlow(org.client_id, "wrong"))
    with pytest.raises(AuthenticationError, match="INVALID_LOGIN"):
        run(counts, SoapLogin(org.username, "wrong", org.security_token))


def test_an_expired_session_is_renewed(org: Org, run: Callable[..., None]) -> None:
    async def script(sf: aiosalesforce.Salesforce) -> None:
        await sf.get_limits()
        org.expire_sessions()
        await sf.get_limits()

    run(script)


def test_rows(org: Org, run: Callable[..., None]) -> None:
    async def script(sf: aiosalesforce.Salesforce) -> None:
        made = await sf.sobject.create("Lead", {"LastName": "x", "Company": "c"})
        await sf.sobject.update("Lead", made, {"Title": "t"})
        row = await sf.sobject.get("Lead", made, fields=["Id", "Title"])
        assert (row["Id"], row["Title"]) == (made, "t")
        first = await sf.sobject.upsert("Lead", "a1", "Tandem_Id__c", {"LastName": "y", "Company": "c"})
        again = await sf.sobject.upsert("Lead", "a1", "Tandem_Id__c", {"LastName": "z"})
        assert (first.created, again.created, first.id == again.id) == (True, False, True)
        assert (await sf.sobject.get("Lead", "a1", external_id_field="Tandem_Id__c"))["LastName"] == "z"
        await sf.sobject.delete("Lead", made)
        with pytest.raises(SalesforceError) as gone:
            await sf.sobject.get("Lead", made)
        assert gone.value.error_code == "NOT_FOUND"
        with pytest.raises(SalesforceError) as missing:
            await sf.sobject.create("Lead", {"LastName": "x"})
        assert missing.value.error_code == "REQUIRED_FIELD_MISSING"

    run(script)


def test_query_with_paging(org: Org, run: Callable[..., None]) -> None:
    org.create_many("Lead", [{"LastName": f"n{n}", "Company": "paged"} for n in range(4100)])
    org.delete("Lead", org.query("SELECT Id FROM Lead WHERE Company = 'paged' LIMIT 1")[0]["Id"])

    async def script(sf: aiosalesforce.Salesforce) -> None:
        soql = "SELECT Id, Owner.Name FROM Lead WHERE Company = 'paged'"
        assert len({row["Id"] async for row in sf.query(soql)}) == 4099
        assert len([row async for row in sf.query(soql, include_all_records=True)]) == 4100
        with pytest.raises(SalesforceError) as wrong:
            _ = [row async for row in sf.query("SELECT Nope FROM Lead")]
        assert wrong.value.error_code == "INVALID_FIELD"

    run(script)


def test_composite(org: Org, run: Callable[..., None]) -> None:
    async def script(sf: aiosalesforce.Salesforce) -> None:
        async with sf.composite(all_or_none=True) as composite:
            account = composite.sobject.create("Account", {"Name": "A"})
            # In a body the client's own references lose their braces, unless they are made strings first.
            contact = composite.sobject.create(
                "Contact", {"LastName": "x", "AccountId": str(account.reference.id)}
            )
            asked = composite.query(f"SELECT Account.Name FROM Contact WHERE Id = '{contact.reference.id}'")
        assert [account.status_code, contact.status_code] == [201, 201]
        assert asked.records[0]["Account"]["Name"] == "A"

    run(script)


def test_batch(org: Org, run: Callable[..., None]) -> None:
    async def script(sf: aiosalesforce.Salesforce) -> None:
        async with sf.composite.batch() as batch:
            asked = batch.query("SELECT Id FROM Lead LIMIT 3")
            made = batch.sobject.create("Lead", {"LastName": "b", "Company": "c"})
            refused = batch.sobject.create("Lead", {"LastName": "b"})
        assert len(asked.records) == 3
        assert org.get("Lead", made.id)["LastName"] == "b"
        assert (refused.is_success, refused.status_code) == (False, 400)

    run(script)


def test_bulk2(org: Org, run: Callable[..., None]) -> None:
    async def every(sf: aiosalesforce.Salesforce, operation: str, rows: list[dict[str, str]]) -> object:
        jobs = sf.bulk_v2.ingest.perform_operation(
            operation,
            "Lead",
            rows,
            external_id_field="Tandem_Id__c" if operation == "upsert" else None,
            polling_interval=0.05,
        )
        return await anext(jobs)

    async def script(sf: aiosalesforce.Salesforce) -> None:
        rows = [{"LastName": f"b{n}", "Company": 'c, "d"', "Tandem_Id__c": f"k{n}"} for n in range(50)]
        done = await every(sf, "insert", [*rows, {"LastName": "bad", "Company": "", "Tandem_Id__c": "k99"}])
        assert done.job_info.state == "JobComplete"
        assert (len(done.successful_results), len(done.failed_results)) == (50, 1)
        assert done.failed_results[0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING")
        again = await every(sf, "upsert", [{"Tandem_Id__c": "k1", "LastName": "new", "Company": "c"}])
        assert again.successful_results[0]["sf__Created"] == "false"
        gone = await every(sf, "delete", [{"Id": row["sf__Id"]} for row in done.successful_results[:10]])
        assert (len(gone.successful_results), gone.failed_results) == (10, [])
        jobs = [job async for job in sf.bulk_v2.ingest.list_jobs()]
        assert {job.id for job in jobs} >= {done.job_info.id, gone.job_info.id}
        await sf.bulk_v2.ingest.delete_job(done.job_info.id)
        with pytest.raises(SalesforceError):
            await sf.bulk_v2.ingest.get_job(done.job_info.id)

    run(script)
