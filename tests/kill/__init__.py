"""Runs that are killed. What the ledger asserts is told in full, as pytest does for tests."""

import pytest

pytest.register_assert_rewrite("tests.kill.ledger", "tests.weather.agreement")
