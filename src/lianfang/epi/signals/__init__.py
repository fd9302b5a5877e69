"""Weeks that stand out: more cases than before, than in earlier years, or than elsewhere at the same time."""

from lianfang.epi.signals._judged import Signals
from lianfang.epi.signals.baselines import bayes, ears, rki
from lianfang.epi.signals.charts import ChartSignals, cusum, glr, outbreak_p, seasonal_mean
from lianfang.epi.signals.regression import FarringtonSignals, farrington, farrington_flexible
from lianfang.epi.signals.scan import Cluster, Scan, space_time_scan

__all__ = [
    "ChartSignals",
    "Cluster",
    "FarringtonSignals",
    "Scan",
    "Signals",
    "bayes",
    "cusum",
    "ears",
    "farrington",
    "farrington_flexible",
    "glr",
    "outbreak_p",
    "rki",
    "seasonal_mean",
    "space_time_scan",
]
