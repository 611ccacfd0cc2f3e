"""Handing over to another program of Tandem's: this process becomes it, terminal, signals and exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn


def become(module: str, *arguments: str) -> NoReturn:
    """Replace this process by ``python -m module``. The command itself stays free of what that imports."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def run_flow(name: str, parameters: Mapping[str, Any], as_json: bool, verbose: bool) -> NoReturn:
    """Run one of the flows in place of this process."""
    chosen = {key: value for key, value in parameters.items() if value is not None}
    options = [*(["--json"] if as_json else []), *(["--verbose"] if verbose else [])]
    become("flows.run", name, "--parameters", json.dumps(chosen), *options)
