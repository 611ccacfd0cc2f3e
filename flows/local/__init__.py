"""Prefect on this machine: its environment, a server, a worker, and the chain of cycles kept alive."""
