"""The documentation keeps step with the code."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import typer.main

from tandem.cli import app
from tandem.database.connection import Database

DOCS = Path(__file__).parents[3] / "docs"
PAGES = [*sorted(DOCS.glob("how-to/*.md")), *sorted(DOCS.glob("reference/*.md")), *sorted(DOCS.glob("*.md"))]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["settings.md", "commands.md"])
def test_reference_follows_the_code(name: str) -> None:
    written = (DOCS / "reference" / name).read_text("utf-8")
    assert written == generator().PAGES[name](), "run `make docs`"


def test_every_table_is_explained(tmp_path: Path) -> None:
    page = (DOCS / "reference/database.md").read_text("utf-8")
    with Database(tmp_path / "new.duckdb").write() as session:
        tables = session.rows(
            "SELECT schema_name || '.' || table_name AS name FROM duckdb_tables()"
            " WHERE database_name = current_database()"
        )
    assert [table["name"] for table in tables if f"`{table['name']}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_text_exist(page: Path) -> None:
    root = typer.main.get_command(app)
    for words in re.findall(r"(?:^|`)tandem ((?:[a-z][a-z-]* ?)*)([^`\n#]*)", page.read_text("utf-8"), re.M):
        command = root
        for word in words[0].split():
            inner = getattr(command, "commands", {})
            if not inner:
                break
            if word not in inner:
                assert getattr(command, "invoke_without_command", False), f"tandem {words[0]}"
                break
            command = inner[word]
        known = {option for each in command.params for option in each.opts} | {"--help"}
        used = set(re.findall(r"(?<!\S)(--[a-z-]+)", words[1].split(" > ")[0]))
        assert used <= known, f"tandem {words[0]}{words[1]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), target
