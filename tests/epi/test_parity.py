"""Every comparison with a reference keeps to its limit, and stands on the page of the manual."""

import pytest

from docs.measured import parity_page
from tests.epi import parity
from tests.epi.pages import stale_lines

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("part", parity.parts())
def test_each_reference_is_met_and_told_in_the_manual(part):
    rows = list(parity.rows(part))
    assert rows
    assert [row for row in rows if not row.largest <= row.limit] == []
    assert all(row.values > 0 for row in rows)
    stale = stale_lines("parity", parity_page(rows))
    assert not stale, "run: python -m docs.measured parity\n" + "\n".join(stale)
