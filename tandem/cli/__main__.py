"""``python -m tandem.cli``: the same as the ``tandem`` command."""

from tandem.cli import main

main()
