"""A bare SOAP client for the tests, on top of `http_client`."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import requests
from http_client import WAIT_SECONDS, Client

from sandbox import Server


def envelope(body: str, session: str = "", headers: str = "") -> str:
    return (
        '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns="urn:partner.soap.sforce.com"><e:Header><SessionHeader><sessionId>'
        f"{session}</sessionId></SessionHeader>{headers}</e:Header><e:Body>{body}</e:Body></e:Envelope>"
    )


def strip(node: ElementTree.Element) -> Any:
    """An element as nested dicts and lists, namespaces gone; what repeats becomes a list."""
    if not len(node):
        return node.text
    out: dict[str, Any] = {}
    for child in node:
        name, value = child.tag.rpartition("}")[2], strip(child)
        if name in out:
            out[name] = [*(out[name] if isinstance(out[name], list) else [out[name]]), value]
        else:
            out[name] = value
    return out


class Soap:
    def __init__(self, server: Server, client: Client) -> None:
        self.url = f"{server.url}/services/Soap/u/60.0"
        self.session = client.token

    def raw(self, body: str, session: str | None = None, headers: str = "") -> requests.Response:
        text = envelope(body, self.session if session is None else session, headers)
        return requests.post(
            self.url,
            data=text.encode(),
            headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
            timeout=WAIT_SECONDS,
        )

    def call(self, body: str, headers: str = "") -> Any:
        answer = self.raw(body, headers=headers)
        assert answer.status_code == 200, answer.text
        whole = strip(ElementTree.fromstring(answer.content))
        return next(iter(whole["Body"].values()))["result"]
