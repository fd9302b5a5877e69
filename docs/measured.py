"""Writes the pages that say how near the analytic library comes to references, and how often its intervals held.

    python -m docs.measured [parity|coverage]

The figures are measured when the pages are written, by the code that the tests hold to limits; that takes some minutes. The
pages are committed; the tests compare them with what they measure.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from docs.generate import table
from tests.epi import calibration, parity

FOLDER = Path(__file__).resolve().parent / "reference" / "epi"
NOTE = "<!-- Written by docs/measured.py. Run: python -m docs.measured -->\n\n"

PARITY = """# Equal to the references

Each line compares a function of the library with a reference: an R package, or an equation worked out another way. The
largest difference is relative or absolute, as said, over all values compared. The tests fail beyond the limit. Where both
sides draw at random, the note gives the Monte Carlo error. Inputs and reference results lie in `tests/epi/reference` or, where
their licence forbids copying, outside the project; no reference value is typed into code.
"""

COVERAGE = """# How often intervals held

An interval of 90 percent should hold the truth nine times out of ten. Here this is counted: on simulated epidemics whose truth
is known, and on real outbreaks gone through evening by evening, each time with only what was known by then.
"""

INTERVALS = """
## Estimates on simulated epidemics

Rows with "without its" show what leaving out a correction does. A share above the promise is an interval wider than it need be.

"""

NOWCASTS = """
## Nowcasts

`nowcast.nowcast` on every evening, against what each day turned out to have had. WIS is the weighted interval score, in cases;
smaller is better. "Over uncorrected" is the WIS over the error of taking what is reported for all there is: below 1 the
correction was worth it. Days long past have few reports to come, and whole numbers make their intervals hold more than
promised. In the first weeks of an outbreak the way of reporting itself changes, faster than its past can tell: there the
intervals of the last days hold too little. The settings of the method were chosen on these outbreaks.

"""

PLAIN = """
The same real outbreaks with `method="bayes_trunc"` and the prior of its authors (50 cases a day, variance 3,000): it takes
each report as independent of the others.

"""

BY_WEEK = """
Counts by week (`reporting_triangle(…, week="iso")`, and `nowcast(…, **BY_WEEK)`), on the evening on which a week is over:

"""

FORECASTS = """
## Forecasts

`projection.forecast` from every day, or every third of a panel, against what came. "Over baseline" compares its WIS with that
of `projection.persistence_forecast`: below 1 it was the better. Counts are the final ones, so that the scores are kinder than
the day was. Beyond a week measures and behaviour, which are not in the counts, decide: a forecast for two weeks promises more
than it holds. How the reproduction number moves was set on these same outbreaks.

"""


def parity_page(rows: Iterable[parity.Row]) -> str:
    """The page of comparisons, a heading for each module."""
    by_module: dict[str, list[parity.Row]] = {}
    for row in rows:
        by_module.setdefault(row.function.partition(".")[0], []).append(row)
    text = NOTE + PARITY
    count = sum(len(some) for some in by_module.values())
    values = sum(row.values for some in by_module.values() for row in some)
    text += f"\n{count} comparisons of {values:,} values.\n"
    for module, some in sorted(by_module.items()):
        text += f"\n## {module}\n\n"
        text += table(
            ("function", "reference", "difference", "largest", "limit", "values", "note"),
            (
                (
                    f"`{row.function}`",
                    row.reference,
                    row.measure,
                    f"{row.largest:.0e}" if row.largest else "0",
                    f"{row.limit:g}",
                    f"{row.values:,}",
                    row.note,
                )
                for row in some
            ),
        )
    return text


def intervals_table(rows: Iterable[calibration.Covered]) -> str:
    return table(
        ("function", "simulation", "promised", "held", "Monte Carlo error", "intervals"),
        (
            (f"`{r.function}`", r.case, f"{r.nominal:.2f}", f"{r.found:.3f}", f"{r.error:.3f}", f"{r.trials:,}")
            for r in rows
        ),
    )


def nowcasts_table(rows: Iterable[dict], of: str = "days") -> str:
    return table(
        ("reports", of, "nowcasts", "WIS", "over uncorrected", "50 % held", "90 % held", "95 % held"),
        (
            (
                row["reports"],
                row["ages"],
                f"{row['nowcasts']:,}",
                f"{row['wis']:.2f}",
                f"{row['relative_wis']:.2f}",
                *(f"{row[f'coverage_{p}']:.2f}" for p in (50, 90, 95)),
            )
            for row in rows
        ),
    )


def forecasts_table(rows: Iterable[dict]) -> str:
    return table(
        (
            "outbreak",
            "days ahead",
            "forecasts",
            "WIS",
            "over baseline",
            "50 % held",
            "90 % held",
            "baseline: 90 % held",
        ),
        (
            (
                row["outbreak"],
                row["days_ahead"],
                f"{row['forecasts']:,}",
                f"{row['wis']:.2f}",
                f"{row['relative_wis']:.2f}",
                f"{row['coverage_50']:.2f}",
                f"{row['coverage_90']:.2f}",
                f"{row['baseline_coverage_90']:.2f}",
            )
            for row in rows
            if row["days_ahead"] in (1, 4, 7, 14)
        ),
    )


def coverage_page() -> str:
    text = NOTE + COVERAGE + INTERVALS + intervals_table(calibration.coverage_rows())
    text += NOWCASTS + nowcasts_table(calibration.nowcast_rows())
    text += PLAIN + nowcasts_table(calibration.nowcast_rows("bayes_trunc", n_series=0))
    text += BY_WEEK + nowcasts_table(calibration.weekly_nowcast_rows(), "weeks")
    return text + FORECASTS + forecasts_table(calibration.forecast_rows())


def main() -> None:
    wanted = sys.argv[1:] or ["parity", "coverage"]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, write in (("parity", lambda: parity_page(parity.rows())), ("coverage", coverage_page)):
        if name in wanted:
            (FOLDER / f"{name}.md").write_text(write(), encoding="utf-8")
            print(f"written: docs/reference/epi/{name}.md")


if __name__ == "__main__":
    main()
