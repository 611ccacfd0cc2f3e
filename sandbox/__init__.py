"""A Salesforce org on loopback, for developing and testing against.

>>> from sandbox import Org, serve
>>> org = Org(people=1000, seed=7)
>>> with serve(org) as server:
...     print(server.url)
"""

from sandbox.http.server import PortInUse, Server, serve
from sandbox.org import Org, RefusedByOrg

__all__ = ["Org", "PortInUse", "RefusedByOrg", "Server", "serve"]
