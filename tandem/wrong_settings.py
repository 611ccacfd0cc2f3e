"""What is wrong with the settings: one line that names the place and what belongs there, never the value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream
from pydantic import BaseModel, ValidationError

from tandem.errors import SettingsError

_PLACES = "in the environment, .env or tandem.toml"

#: What belongs there, by the beginning of pydantic's name for the error; the rest it says well enough itself.
_WANTED = {
    "int_": "must be a whole number",
    "float_": "must be a number",
    "bool_": "must be true or false",
    "string_type": "must be a text in quotes",
    "path_": "must be a text in quotes",
    "tuple_": "must be a list",
    "dict_": "must be a table",
    "model_": "must be a table",
}


def value_error(error: ValidationError, model: type[BaseModel], examples: dict[str, str]) -> SettingsError:
    """Explain the first setting that does not fit the model.

    :param examples: texts that fit, by the pattern of a setting.
    """
    first = error.errors(include_input=False, include_url=False)[0]
    # A name that may be of several kinds has its place followed by the kind, such as literal['User',...].
    name = ".".join(str(part) for part in first["loc"] if "[" not in str(part))
    if first["type"] == "extra_forbidden":
        return unknown_name(name, model)
    return SettingsError(f"Setting {name}: {_wanted(first, examples)}. Put it right {_PLACES}.")


def _wanted(error: Any, examples: dict[str, str]) -> str:
    pattern = (error.get("ctx") or {}).get("pattern")
    if pattern in examples:
        return f"must have the form of {examples[pattern]}"
    for beginning, wanted in _WANTED.items():
        if error["type"].startswith(beginning):
            return wanted
    return str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")


def unknown_name(name: str, model: type[BaseModel]) -> SettingsError:
    """Explain that there is no such setting, and which may be meant.

    :param name: as in the file (``sync.pause``), or a whole variable (``TANDEM_SYNC_PAUSE``).
    """
    known = {each.replace(".", "").replace("_", ""): each for each in _names(model)}
    plain = re.sub(r"^tandem_|[._]", "", name.lower())
    near = difflib.get_close_matches(plain, known, 1, cutoff=0.8)
    meant = known[near[0]] if near else ""
    if meant and name.lower().startswith("tandem_"):
        meant = f"TANDEM_{meant.replace('.', '__').upper()}"
    hint = f"Did you mean {meant}?" if meant else f"Correct it {_PLACES}, or take it out."
    return SettingsError(f"There is no setting {name}. {hint}")


def _names(model: type[BaseModel], before: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _names(inner, f"{before}{name}.")
        else:
            yield before + name


def variable_error(error: Exception) -> SettingsError:
    """Explain a list or table among the variables that is not JSON."""
    found = re.search(r'field "(\w+)"', str(error))
    of = f" of {found[1]}" if found else ""
    return SettingsError(
        f"A list or table{of} in the environment or .env is not JSON: {error.__cause__}."
        """ Write it as in '["Lead", "Contact"]'."""
    )


def file_error(file: Path, error: Exception) -> SettingsError:
    """Explain a file that cannot be read at all."""
    reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
    return SettingsError(f"{file} cannot be read: {reason}. Put it right or move it away.")


def check_variables(file: Path) -> None:
    """See to it that every line of ``.env`` says something: one that does not would be passed over.

    :raises SettingsError: one does not, or the file cannot be read.
    """
    if not file.is_file():
        return
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise file_error(file, error) from None
    for found in parse_stream(StringIO(text)):
        if found.error:
            reason = f"line {found.original.line} is not NAME=VALUE, or a quote is missing"
            raise file_error(file, ValueError(reason))
