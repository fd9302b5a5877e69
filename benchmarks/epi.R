# What R takes for one task of benchmarks/epi.py. Rscript epi.R TASK INPUT OUTPUT
# Reads rows of weeks or days and columns of series (for a nowcast rows of records, day of event and of report); writes what it found, and prints its seconds of processor and wall clock.
Sys.setenv(TZ = "UTC")
quiet <- function(e) suppressWarnings(suppressMessages(e))
input <- commandArgs(TRUE)
X <- as.matrix(read.csv(input[2], header = FALSE)); n <- nrow(X)
series <- function(j) sts(observed = X[, j, drop = FALSE], start = c(2020, 1), frequency = 52)
each <- function(f) t(sapply(seq_len(ncol(X)), f))
limits <- function(s) c(upperbound(s)[, 1], as.integer(alarms(s)[, 1]))
year <- (n - 51):n
tasks <- list(
  rt = function() each(function(j) { R <- quiet(estimate_R(X[, j], method = "parametric_si", config = make_config(list(mean_si = 8.4, std_si = 3.8))))$R[, 3:11]; c(colSums(R, na.rm = TRUE), sum(is.na(R))) }),
  farrington = function() each(function(j) limits(quiet(farringtonFlexible(series(j), list(range = n, b = 5, w = 3, noPeriods = 10, trend = TRUE, pThresholdTrend = 1, reweight = TRUE,
    weightsThreshold = 2.58, pastWeeksNotIncluded = 26, alpha = 0.01, limit54 = c(5, 4), thresholdMethod = "nbPlugin", populationOffset = FALSE, glmWarnings = FALSE))))),
  ears = function() each(function(j) limits(quiet(earsC(series(j), list(range = year, method = "C1", alpha = 0.001))))),
  cusum = function() each(function(j) limits(quiet(cusum(series(j), list(range = year, k = 1.04, h = 2.26, m = NULL, trans = "standard"))))),
  nowcast = function() { now <- as.Date("2020-01-01") + 59; d <- data.frame(event = as.Date("2020-01-01") + X[, 1], report = as.Date("2020-01-01") + X[, 2]); when <- now - 23:1
    s <- quiet({ utils::capture.output(s <- nowcast(now = now, when = when, data = d, dEventCol = "event", dReportCol = "report", aggregate.by = "1 day", D = 15, method = "bayes.trunc",
      control = list(N.tInf.max = 300, N.tInf.prior = structure("poisgamma", mean.lambda = 50, var.lambda = 3000), nSamples = 1e4))); s })
    at <- match(when, epoch(s)); cbind(upperbound(s)[at, 1], s@pi[at, 1, 1], s@pi[at, 1, 2]) })
task <- tasks[[sub("_.*", "", input[1])]]
suppressPackageStartupMessages(library(if (startsWith(input[1], "rt")) "EpiEstim" else "surveillance", character.only = TRUE))
time <- system.time(found <- task())
write.table(ifelse(is.na(found), "nan", sprintf("%.17g", found)), input[3], sep = ",", row.names = FALSE, col.names = FALSE, quote = FALSE)
cat(sprintf("%.6f %.6f\n", time[1] + time[2], time[3]))
