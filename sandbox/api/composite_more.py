"""`composite/batch`, `composite/tree` and `composite/graph`: the composites with rules of their own (facts 2, 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sandbox.api.composite import Composite, check_parts
from sandbox.errors import ApiError
from sandbox.http.call import Answer, Call, parse_query
from sandbox.http.dispatch import Dispatcher
from sandbox.metadata.sobject import SObject

MAX_BATCH = 25
MAX_TREE = 200
MAX_LEVELS = 5
MAX_NODES = 500
MAX_GRAPHS = 75


class _RollBack(Exception):
    """Ends a transaction that must not stay."""


class MoreComposites:
    """Batch, tree and graph."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._composite = Composite(dispatcher)

    # batch: independent requests, no references

    def batch(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Up to 25 independent requests."""
        body = call.object_body()
        parts = body.get("batchRequests")
        if not isinstance(parts, list) or not parts or not all(_is_request(part) for part in parts):
            raise ApiError(
                400,
                "JSON_PARSER_ERROR",
                "batchRequests must be a list of requests, each with method and url at [line:1, column:1]",
            )
        if len(parts) > MAX_BATCH:
            raise ApiError(
                400, "LIMIT_EXCEEDED", f"The batch has {len(parts)} requests; the limit is {MAX_BATCH}"
            )
        results: list[dict[str, Any]] = []
        halted = False
        for part in parts:
            if halted:
                results.append({"statusCode": 412, "result": [_HALTED]})
                continue
            answer = self._one(call, part)
            results.append({"statusCode": answer.status, "result": answer.body})
            halted = body.get("haltOnError") is True and answer.status >= 400
        return Answer(
            body={"hasErrors": any(item["statusCode"] >= 400 for item in results), "results": results}
        )

    def _one(self, call: Call, part: Mapping[str, Any]) -> Answer:
        url = part["url"]
        path = url if url.startswith("/services/") else f"/services/data/{url.lstrip('/')}"
        split = urlsplit(path)
        if "/composite" in split.path.lower():
            return Answer(
                400,
                [{"message": f"The url is not allowed in a batch: {url}", "errorCode": "INVALID_REQUEST"}],
            )
        inner = Call(
            call.core,
            part["method"].upper(),
            split.path,
            parse_query(split.query),
            {name: value for name, value in call.headers.items() if name.startswith("sforce-")},
            data=part.get("richInput"),
            user=call.user,
            base_url=call.base_url,
            faults=call.faults,
            nested=True,
            token=call.token,
        )
        return self._dispatcher.answer(inner)[0]

    # graph: composites of which each is all or nothing

    def graph(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Several composites, each a transaction; one may fail without the others."""
        graphs = call.object_body().get("graphs")
        if not isinstance(graphs, list) or not graphs or len(graphs) > MAX_GRAPHS:
            raise ApiError(
                400, "JSON_PARSER_ERROR", f"graphs must be a list of 1 to {MAX_GRAPHS} at [line:1, column:1]"
            )
        return Answer(body={"graphs": [self._graph(call, item) for item in graphs]})

    def _graph(self, call: Call, graph: Any) -> dict[str, Any]:
        parts = graph.get("compositeRequest") if isinstance(graph, dict) else None
        if not isinstance(parts, list) or not parts:
            raise ApiError(
                400, "JSON_PARSER_ERROR", "Each graph needs compositeRequest at [line:1, column:1]"
            )
        graph_id = str(graph.get("graphId") or "_default")
        answers: list[dict[str, Any]] = []
        good = False
        if len(parts) > MAX_NODES:
            message = f"Limit of {MAX_NODES} reached for number of Nodes in the Graph"
            answers = [_node(None, [{"errorCode": "LIMIT_EXCEEDED", "message": message}])]
        else:
            check_parts(parts)
            try:
                with call.core.store.transaction():
                    good = self._composite.run(call, parts, answers, stop=True)
                    if not good:
                        raise _RollBack
            except _RollBack:
                guilty = [
                    {key: value for key, value in error.items() if key != "fields"}
                    for error in answers[-1]["body"]
                ]
                answers = [_node(part["referenceId"], guilty) for part in parts]
        return {"graphId": graph_id, "graphResponse": {"compositeResponse": answers}, "isSuccessful": good}

    # tree: records with their children, all or nothing

    def tree(self, call: Call, found: Mapping[str, str]) -> Answer:
        """Nested records, parents first; 201 with all ids, or 400 with the errors."""
        sobject = call.sobject(found["name"])
        records = call.object_body().get("records")
        if not isinstance(records, list) or not records:
            raise ApiError(
                400, "JSON_PARSER_ERROR", "records must be a list of objects at [line:1, column:1]"
            )
        results: dict[str, dict[str, Any]] = {}
        failed: list[dict[str, Any]] = []
        try:
            with call.core.store.transaction():
                self._plant(call, sobject, records, {}, results, failed, 1)
                if failed:
                    raise _RollBack
        except _RollBack:
            return Answer(400, {"hasErrors": True, "results": failed})
        return Answer(201, {"hasErrors": False, "results": list(results.values())})

    def _plant(
        self,
        call: Call,
        sobject: SObject,
        records: list[Any],
        link: dict[str, Any],
        results: dict[str, dict[str, Any]],
        failed: list[dict[str, Any]],
        level: int,
    ) -> None:
        if level > MAX_LEVELS:
            raise ApiError(400, "INVALID_INPUT", f"A tree may have {MAX_LEVELS} levels")
        rows: list[dict[str, Any]] = []
        branches: dict[str, dict[str, Any]] = {}
        for record in records:
            reference = _reference(sobject, record)
            if reference in branches or reference in results:
                raise ApiError(400, "INVALID_INPUT", "Duplicate ReferenceId provided in the request.")
            nested = {
                key: value for key, value in record.items() if isinstance(value, dict) and "records" in value
            }
            rows.append({**{key: value for key, value in record.items() if key not in nested}, **link})
            branches[reference] = nested
        if len(results) + len(rows) > MAX_TREE:
            raise ApiError(400, "INVALID_INPUT", f"A tree may have {MAX_TREE} records")
        outcomes = call.core.writer.insert(sobject, rows, call.intent())
        for outcome, (reference, nested) in zip(outcomes, branches.items(), strict=True):
            if not outcome.success:
                errors = [error.collection_body() for error in outcome.errors]
                failed.append({"referenceId": reference, "errors": errors})
                continue
            results[reference] = {"referenceId": reference, "id": outcome.id}
            for name, value in nested.items():
                child = call.core.schema.child_relation(sobject.name, name)
                if child is None:
                    raise ApiError(
                        400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}"
                    )
                self._plant(
                    call, child[0], value["records"], {child[1].name: outcome.id}, results, failed, level + 1
                )


def _is_request(part: Any) -> bool:
    return isinstance(part, dict) and all(isinstance(part.get(key), str) for key in ("method", "url"))


def _reference(sobject: SObject, record: Any) -> str:
    """The reference id of a record of a tree, which must be of the object that its place calls for."""
    attributes = record.get("attributes") if isinstance(record, dict) else None
    if not isinstance(attributes, dict) or not attributes.get("referenceId"):
        raise ApiError(400, "INVALID_INPUT", "Include a reference ID for each record in the request.")
    if str(attributes.get("type", "")).lower() != sobject.name.lower():
        raise ApiError(
            400, "INVALID_INPUT", f"attributes.type must be {sobject.name}: {attributes.get('type')}"
        )
    return str(attributes["referenceId"])


_HALTED = {"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}


def _node(reference: str | None, body: list[dict[str, Any]]) -> dict[str, Any]:
    return {"body": body, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": reference}


def add(dispatcher: Dispatcher) -> None:
    """Take the family's paths in."""
    api = MoreComposites(dispatcher)
    dispatcher.data.add("POST", "composite/batch", api.batch)
    dispatcher.data.add("POST", "composite/graph", api.graph)
    dispatcher.data.add("POST", "composite/tree/{name}", api.tree)
