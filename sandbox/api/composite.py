"""`composite`: up to 25 requests in one call, each able to use what earlier ones answered (facts 2, 5.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from sandbox.errors import ApiError
from sandbox.http.call import TRUE, Answer, Call, parse_query
from sandbox.http.dispatch import Dispatcher

MAX_REQUESTS = 25
MAX_QUERIES = 5
_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_ENCODED = re.compile(r"%40%7B((?:[A-Za-z0-9_.]|%5B|%5D)+)%7D", re.IGNORECASE)
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
_QUERY = re.compile(r"/services/data/v[\d.]+/(?:query(?:All)?/?(?:\?|$)|composite/sobjects)", re.IGNORECASE)
_NESTED = re.compile(r"/services/data/v[\d.]+/composite(?:/(?:batch|graph|tree.*))?/?(?:\?|$)", re.IGNORECASE)
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."


class _RollBack(Exception):
    """Ends the transaction of an allOrNone composite."""


class NoValue(Exception):
    """A reference to something that no earlier answer holds."""


class Composite:
    """Runs sub-requests through the same dispatcher as real ones."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def composite(self, call: Call, found: Mapping[str, str]) -> Answer:
        """All sub-requests, in order."""
        body = call.object_body()
        parts = _parts(body)
        all_or_none = body.get("allOrNone") is True or str(body.get("allOrNone")).lower() in TRUE
        answers: list[dict[str, Any]] = []
        if not all_or_none:
            self.run(call, parts, answers)
        else:
            try:
                with call.core.store.transaction():
                    if not self.run(call, parts, answers, stop=True):
                        raise _RollBack
            except _RollBack:
                answers = _halted(parts, answers)
        return Answer(body={"compositeResponse": answers}, rows=len(answers))

    def run(
        self, call: Call, parts: list[dict[str, Any]], answers: list[dict[str, Any]], stop: bool = False
    ) -> bool:
        """Fill `answers`; `stop` ends at the first failure, which makes the result False."""
        known: dict[str, Any] = {}
        for part in parts:
            answer = self._one(call, part, known)
            answers.append(answer)
            known[part["referenceId"]] = answer["body"]
            if stop and answer["httpStatusCode"] >= 400:
                return False
        return True

    def _one(self, call: Call, part: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
        reference = part["referenceId"]
        try:
            # HTTP libraries encode the braces of a reference.
            plain = _ENCODED.sub(lambda match: f"@{{{unquote(match[1])}}}", part["url"])
            url = substitute(plain, known)
            body = substitute(part.get("body"), known)
        except NoValue as missing:
            error = ApiError(
                400, "PROCESSING_HALTED", f"Invalid reference specified. No value for {missing} found."
            )
            return _entry(reference, Answer(400, error.body()))
        split = urlsplit(url)
        inner = Call(
            call.core,
            str(part["method"]).upper(),
            split.path,
            parse_query(split.query),
            _headers(call, part),
            data=body,
            user=call.user,
            base_url=call.base_url,
            faults=call.faults,
            nested=True,
            token=call.token,
        )
        return _entry(reference, self._dispatcher.answer(inner)[0])


def _headers(call: Call, part: Mapping[str, Any]) -> dict[str, str]:
    own = part.get("httpHeaders") or {}
    kept = {name: value for name, value in call.headers.items() if name.startswith("sforce-")}
    return {**kept, **{str(name).lower(): str(value) for name, value in own.items()}}


def _entry(reference: str, answer: Answer) -> dict[str, Any]:
    shown = {
        name: value for name, value in answer.headers.items() if name in ("Location", "ETag", "Last-Modified")
    }
    return {
        "body": answer.body,
        "httpHeaders": shown,
        "httpStatusCode": answer.status,
        "referenceId": reference,
    }


def _halted(parts: list[dict[str, Any]], answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An allOrNone composite that failed: the guilty part says why, the others that they were halted."""
    guilty = answers[-1]
    out = []
    for place, part in enumerate(parts):
        if place == len(answers) - 1:
            bodies = guilty["body"]
            plain = (
                [{key: value for key, value in item.items() if key != "fields"} for item in bodies]
                if isinstance(bodies, list)
                else bodies
            )
            out.append({**guilty, "body": plain})
            continue
        out.append(
            {
                "body": [{"errorCode": "PROCESSING_HALTED", "message": _HALTED}],
                "httpHeaders": {},
                "httpStatusCode": 400,
                "referenceId": part["referenceId"],
            }
        )
    return out


def _parts(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    parts = body.get("compositeRequest")
    if not isinstance(parts, list) or not parts:
        raise ApiError(
            400, "JSON_PARSER_ERROR", "compositeRequest must be a list of requests at [line:1, column:1]"
        )
    if len(parts) > MAX_REQUESTS:
        raise ApiError(
            400,
            "LIMIT_EXCEEDED",
            f"The composite request has {len(parts)} subrequests; the limit is {MAX_REQUESTS}",
        )
    check_parts(parts)
    queries = sum(bool(_QUERY.match(part["url"])) for part in parts)
    if queries > MAX_QUERIES:
        raise ApiError(
            400,
            "LIMIT_EXCEEDED",
            f"The composite request has {queries} query and collection subrequests; "
            f"the limit is {MAX_QUERIES}",
        )
    return parts


def check_parts(parts: list[Any]) -> None:
    """Every sub-request needs a method, a path and a reference id of its own."""
    seen: set[str] = set()
    for part in parts:
        if not isinstance(part, dict) or not all(
            isinstance(part.get(key), str) for key in ("method", "url", "referenceId")
        ):
            raise ApiError(
                400,
                "JSON_PARSER_ERROR",
                "Each subrequest needs method, url and referenceId at [line:1, column:1]",
            )
        reference = part["referenceId"]
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", reference):
            raise ApiError(
                400,
                "INVALID_REQUEST",
                f"Provided referenceId ('{reference}') must start with a letter and hold only letters, "
                "digits and underscores",
            )
        if reference in seen:
            raise ApiError(400, "INVALID_REQUEST", f"Provided referenceId ('{reference}') is not unique")
        seen.add(reference)
        if not part["url"].startswith("/services/data/") or _NESTED.match(part["url"]):
            raise ApiError(400, "INVALID_REQUEST", f"The url of a subrequest is not allowed: {part['url']}")
        if not isinstance(part.get("httpHeaders") or {}, dict):
            raise ApiError(400, "JSON_PARSER_ERROR", "httpHeaders must be an object at [line:1, column:1]")


def substitute(value: Any, known: Mapping[str, Any]) -> Any:
    """The value with every `@{reference.path}` replaced by what it stands for."""
    if isinstance(value, dict):
        return {key: substitute(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, known) for item in value]
    if not isinstance(value, str) or "@{" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _resolve(whole, known)
    return _REFERENCE.sub(lambda match: str(_resolve(match, known)), value)


def _resolve(match: re.Match[str], known: Mapping[str, Any]) -> Any:
    name, path = match[1], match[2]
    if name not in known:
        raise NoValue(f"{name}{path}")
    here = known[name]
    for step in _STEP.finditer(path):
        try:
            here = here[step[1]] if step[1] else here[int(step[2])]
        except (KeyError, IndexError, TypeError):
            raise NoValue(f"{name}{path}") from None
    return here


def add(dispatcher: Dispatcher) -> None:
    """Take the family's paths in."""
    api = Composite(dispatcher)
    dispatcher.data.add("POST", "composite", api.composite)
