"""Runs other people's Node tools against the sandbox: installed once from the lock file, shared by all workers."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "node"
INSTALL_SECONDS = 280.0
RUN_SECONDS = 60.0


def installed(config: pytest.Config) -> Path:
    """The folder of the installed tools; the test is skipped where Node or the tools cannot be had."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(
                f"NO JUDGE: {program} is missing. Install Node 18 or newer: apt-get install nodejs npm"
            )
    lock = SOURCE / "package-lock.json"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    assert config.cache is not None
    folder = config.cache.mkdir("node") / digest
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(SOURCE / name, folder / name)
            done = subprocess.run(
                ["npm", "ci"], cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS
            )
            if done.returncode:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                pytest.skip(f"NO JUDGE: `npm ci` in {SOURCE.name}/ failed, is a registry in reach? {last}")
            (folder / "done").touch()
    return folder


def run(config: pytest.Config, script: str, text: str = "", **environment: str) -> str:
    """What a script of ours prints; its errors fail the test."""
    modules = installed(config) / "node_modules"
    done = subprocess.run(
        ["node", str(SOURCE / script)],
        input=text,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        env={**os.environ, "NODE_PATH": str(modules), "NO_PROXY": "127.0.0.1", **environment},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
