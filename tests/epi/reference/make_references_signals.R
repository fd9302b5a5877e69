# Reference results of signals for input_weekly.csv. Run from this folder: Rscript make_references_signals.R
# Debian: r-cran-surveillance. R counts weeks from 1: here they are written from 0.
Sys.setenv(TZ = "UTC")
suppressPackageStartupMessages(library(surveillance))
full <- function(x) ifelse(is.na(x), "NA", sprintf("%.17g", as.numeric(x)))
w <- function(x, f) { for (n in names(x)) if (is.double(x[[n]])) x[[n]] <- full(x[[n]]); write.csv(x, paste0("reference_", f, ".csv"), row.names = FALSE, quote = FALSE) }
quiet <- function(e) { utils::capture.output(r <- suppressWarnings(suppressMessages(e))); r }
d <- read.csv("input_weekly.csv", check.names = FALSE); X <- as.matrix(d[, -1]); n <- nrow(X); day <- as.Date(d$day)
plain <- function(j) sts(observed = X[, j, drop = FALSE], start = c(2014, 1), frequency = 52)
dated <- function(j) sts(observed = X[, j, drop = FALSE], start = c(2014, 1), frequency = 52, epoch = as.numeric(day), epochAsDate = TRUE)
whole <- which(colSums(is.na(X)) == 0)  # what R's other methods can take
each <- function(columns, f) do.call(rbind, lapply(columns, function(j) { r <- f(j); if (is.null(r)) NULL else cbind(data.frame(series = j - 1L), r) }))
answer <- function(s, rng, ...) data.frame(week = rng - 1L, threshold = upperbound(s)[, 1], alarm = as.integer(alarms(s)[, 1]), ...)

# Farrington, flexible
base <- list(b = 5, w = 3, noPeriods = 10, trend = TRUE, pThresholdTrend = 1, reweight = TRUE, weightsThreshold = 2.58, pastWeeksNotIncluded = 26, alpha = 0.01, limit54 = c(5, 4), powertrans = "2/3", thresholdMethod = "nbPlugin", glmWarnings = FALSE)
con <- list(noufaily = list(), muan = list(thresholdMethod = "muan", alpha = 0.05), delta = list(thresholdMethod = "delta", pThresholdTrend = 0.05), original = list(noPeriods = 1, pastWeeksNotIncluded = 3, weightsThreshold = 1, pThresholdTrend = 0.05, thresholdMethod = "delta", alpha = 0.05),
  plain = list(reweight = FALSE, trend = FALSE, noPeriods = 5, w = 2, thresholdMethod = "delta", powertrans = "none"), root = list(noPeriods = 7, powertrans = "1/2", thresholdMethod = "delta", limit54 = c(0, 4), b = 3))
rng <- (n - 23):n
out <- NULL
for (k in names(con)) for (kind in if (k %in% c("noufaily", "original")) c("plain", "dated") else "dated") out <- rbind(out, cbind(data.frame(setting = k, days = as.integer(kind == "dated")), each(seq_len(ncol(X)), function(j) {
  s <- quiet(farringtonFlexible(get(kind)(j), modifyList(base, c(list(range = rng), con[[k]])))); g <- function(x) as.numeric(s@control[[x]])
  answer(s, rng, dispersion = g("phiVector"), slope = g("trendVector"), p = g("pvalue"), score = g("score"), expected = g("expected")) })))
w(out, "farrington_flexible")
# Farrington 1996
con <- list(usual = list(), plain = list(reweight = FALSE, trend = FALSE, powertrans = "none", w = 2), strict = list(b = 3, alpha = 0.01, powertrans = "1/2", limit54 = c(0, 4)))
out <- NULL
for (k in names(con)) for (kind in c("plain", "dated")) out <- rbind(out, cbind(data.frame(setting = k, days = as.integer(kind == "dated")), each(whole, function(j) answer(quiet(farrington(get(kind)(j), control = modifyList(list(range = rng, b = 5, w = 3, reweight = TRUE, trend = TRUE, alpha = 0.05, limit54 = c(5, 4), powertrans = "2/3"), con[[k]]))), rng))))
w(out, "farrington_1996")
# RKI, Bayes
out <- NULL
for (b in c(0, 2, 5)) for (wi in c(2, 6)) for (act in c(FALSE, TRUE)) if (b > 0 || act) out <- rbind(out, cbind(data.frame(years = b, half_window = wi, current_year = as.integer(act)), each(whole, function(j) {
  r <- quiet(rki(plain(j), control = list(range = rng, b = b, w = wi, actY = act))); y <- quiet(bayes(plain(j), control = list(range = rng, b = b, w = wi, actY = act, alpha = 0.01)))
  cbind(answer(r, rng), bayes_threshold = upperbound(y)[, 1], bayes_alarm = as.integer(alarms(y)[, 1])) })))
w(out, "baselines")
# cusum: the sum itself is not kept by the sts interface
from <- n - 51; all <- from:n; out <- NULL
for (tr in c("standard", "rossi", "anscombe", "anscombe2nd", "pearsonNegBin", "anscombeNegBin", "none")) for (m in if (tr == "anscombeNegBin") "mean" else c("mean", "glm")) out <- rbind(out, cbind(data.frame(transform = tr, expected = m), each(setdiff(whole, which(colSums(X[seq_len(from - 1), ]) == 0)), function(j) {
  a <- quiet(algo.cusum(sts2disProg(plain(j)), control = list(range = all, k = 1.04, h = 2.26, m = if (m == "mean") NULL else "glm", trans = tr, alpha = 0.3)))
  data.frame(week = all - 1L, threshold = as.numeric(a$upperbound), alarm = as.integer(a$alarm), statistic = as.numeric(a$cusum)) })))
w(out, "cusum")
# expected counts, and likelihood ratios
some <- c(1, 2, 3, 6, 9)
mu <- function(j, ...) { g <- NULL; s <- quiet(glrnb(plain(j), control = list(range = all, c.ARL = 5, mu0 = list(...), alpha = 0, ret = "value"))); as.numeric(s@control$mu0) }
w(each(some, function(j) data.frame(week = all - 1L, level = mu(j, S = 1, trend = FALSE), rising = mu(j, S = 2, trend = TRUE))), "seasonal_mean")
con <- list(poisson = list(alpha = 0), window = list(alpha = 0, M = 12), down = list(alpha = 0, dir = "dec"), change = list(alpha = 0, theta = log(1.6)), decrease = list(alpha = 0, theta = log(0.6)),
  spread = list(alpha = 0.2, M = 20), spread_down = list(alpha = 0.2, M = 20, dir = "dec"), spread_change = list(alpha = 0.2, theta = log(1.6)))
out <- NULL
for (k in names(con)) out <- rbind(out, cbind(data.frame(setting = k), each(some, function(j) { m0 <- mu(j, S = 1, trend = FALSE); cl <- function(ret) modifyList(list(range = all, c.ARL = 5, mu0 = m0, ret = ret), con[[k]])
  v <- quiet(glrnb(plain(j), control = cl("value"))); cs <- if (k %in% c("down", "spread_down")) rep(NA_real_, length(all)) else upperbound(quiet(glrnb(plain(j), control = cl("cases"))))[, 1]
  data.frame(week = all - 1L, statistic = upperbound(v)[, 1], threshold = cs, alarm = as.integer(alarms(v)[, 1])) })))
w(out, "likelihood_ratio")
# outbreakP
cut <- function(j) sts(observed = X[(n - 29):n, j, drop = FALSE], start = c(2020, 1), frequency = 52); at <- 2:30
w(each(c(1, 2, 6, 8, 9), function(j) { v <- quiet(outbreakP(cut(j), control = list(range = at, k = 100, ret = "value"))); cs <- quiet(outbreakP(cut(j), control = list(range = at, k = 100, ret = "cases", maxUpperboundCases = 5000)))
  data.frame(week = at - 1L, statistic = upperbound(v)[, 1], threshold = upperbound(cs)[, 1], alarm = as.integer(alarms(v)[, 1])) }), "outbreak_p")
# EARS
out <- NULL
for (m in c("C1", "C2", "C3")) out <- rbind(out, cbind(data.frame(method = m), each(whole, function(j) answer(quiet(earsC(plain(j), control = list(range = rng, method = m, baseline = 9, minSigma = 0.8, alpha = 0.025))), rng))))
w(out, "ears")
