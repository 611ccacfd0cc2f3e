"""Parameters that the forms of several flow actions have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

#: Ids of people; the API takes 200 of them in a call.
PersonIds = Annotated[list[int], Field(min_length=1, max_length=2000)]
