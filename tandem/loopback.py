"""Sockets of the servers that a person starts on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tandem.errors import TandemError


@contextmanager
def bound(port: int, option: str = "--port") -> Iterator[socket.socket]:
    """Take a port of 127.0.0.1 (0: any free one) while the block runs; it does not listen yet.

    :param option: by which the caller's user chooses another.

    :raises TandemError: the port is in use.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", port))
        except OSError as error:
            raise TandemError(
                f"Port {port} cannot be used: {(error.strerror or str(error)).lower()}."
                f" Stop the program that has it, or choose another with {option}."
            ) from error
        yield taken
