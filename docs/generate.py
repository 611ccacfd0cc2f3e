"""Writes the reference pages that follow from the code: settings and commands. ``make docs`` runs it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

import typer.main
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tandem.cli import app
from tandem.settings import Settings

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by `make docs` from the code. Change it there. -->"


def settings_page() -> str:
    """Return the page of all settings."""
    lines = [
        *("# Settings", "", NOTE, ""),
        "Each setting comes from the environment, else from `.env`, else from `tandem.toml`, else it has its",
        "default. Unknown names are refused. Secrets belong in the environment or `.env`, not in the file.",
    ]
    for section, fields in _sections(Settings):
        lines += ["", f"## `[{section}]`" if section else "## At the top of the file", ""]
        lines += ["| setting | environment | default | meaning |", "| --- | --- | --- | --- |"]
        for name, field in fields:
            path = [*([section] if section else []), name]
            variable = "TANDEM_" + "__".join(path).upper()
            cells = (f"`{name}`", f"`{variable}`", _default(field), _meaning(field))
            lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "Lists and tables are written as JSON in the environment:", "", "```sh"]
    lines += [
        """export TANDEM_SYNC__OBJECTS='["User", "Account", "Lead", "Contact"]'""",
        """export TANDEM_SYNC__BLOCKED_FIELDS='{"person": ["source"]}'""",
        "```",
    ]
    return "\n".join(lines) + "\n"


def _sections(model: type[BaseModel]) -> Iterator[tuple[str, list[tuple[str, FieldInfo]]]]:
    plain = [(name, field) for name, field in model.model_fields.items() if not _is_section(field)]
    yield "", plain
    for name, field in model.model_fields.items():
        if _is_section(field):
            assert isinstance(field.annotation, type)
            yield name, list(field.annotation.model_fields.items())


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "must be set"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == "" or value == {}:
        return "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return f"`{value}`"


def _meaning(field: FieldInfo) -> str:
    text = field.description or ""
    if str(get_origin(field.annotation)) == "typing.Literal":
        text += " One of " + ", ".join(f"`{each}`" for each in get_args(field.annotation)) + "."
    return text.replace("|", "\\|")


def commands_page() -> str:
    """Return the page of all commands."""
    lines = [
        *("# Commands", "", NOTE, ""),
        "Exit codes: 0 done, 1 failed (one line on stderr says why and what to do), 2 a mistake on the",
        "command line (for `tandem plan`: there is something to do), 69 stopped at the API budget,",
        "75 another run is at work, 130 interrupted.",
    ]
    for path, command in _commands(typer.main.get_command(app), "tandem"):
        lines += ["", f"## `{path}`", "", _help(command)]
        rows = [_row(each) for each in command.params if each.name != "help"]
        if rows:
            lines += ["", "| argument or option | default | meaning |", "| --- | --- | --- |", *rows]
    return "\n".join(lines) + "\n"


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", {})
    if not inner or getattr(command, "invoke_without_command", False):
        yield path, command
    for name, each in inner.items():
        yield from _commands(each, f"{path} {name}")


def _help(command: Any) -> str:
    return "\n".join(line.strip() for line in (command.help or "").strip().splitlines())


def _row(parameter: Any) -> str:
    if parameter.opts[0].startswith("-"):
        takes = "" if parameter.is_flag else f" {parameter.metavar or _values(parameter)}"
        name = ", ".join(parameter.opts) + takes
    else:
        name = parameter.metavar or parameter.name.upper()
    default = parameter.default
    unsaid = default is None or default is False or parameter.required
    shown = "" if unsaid else f"`{default}`"
    cells = (f"`{name}`", shown, parameter.help or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _values(parameter: Any) -> str:
    wanted = parameter.type_descriptor.annotation
    while get_args(wanted):
        wanted = get_args(wanted)[0]
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return "|".join(each.value for each in wanted)
    return {"int": "NUMBER", "float": "NUMBER"}.get(wanted.__name__, "TEXT")


PAGES = {"settings.md": settings_page, "commands.md": commands_page}


def main() -> None:
    """Write the pages."""
    REFERENCE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
