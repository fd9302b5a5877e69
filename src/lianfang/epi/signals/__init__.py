"""Weeks that stand out: more cases than before, than in earlier years, or than elsewhere at the same time."""

from lianfang.epi.signals._judged import Signals
from lianfang.epi.signals.baselines import bayes, ears, rki
from lianfang.epi.signals.regression import FarringtonSignals, farrington, farrington_flexible

__all__ = ["FarringtonSignals", "Signals", "bayes", "ears", "farrington", "farrington_flexible", "rki"]
