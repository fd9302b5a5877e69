"""Every comparison with a reference keeps to its limit."""

import pytest

from tests.epi import parity

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("part", parity.parts())
def test_each_reference_is_met(part):
    rows = list(parity.rows(part))
    assert rows
    assert [row for row in rows if not row.largest <= row.limit] == []
    assert all(row.values > 0 for row in rows)
