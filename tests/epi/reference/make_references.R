# Reference results for the inputs beside this file. Run from this folder: Rscript make_references.R
# Debian: r-cran-epiestim (with it fitdistrplus, coarseDataTools, survival, MASS), r-cran-epitools, r-cran-lubridate.
Sys.setenv(TZ = "UTC")
suppressPackageStartupMessages({library(EpiEstim); library(fitdistrplus); library(coarseDataTools); library(survival)
  library(MASS); library(epitools); library(lubridate)})
full <- function(x) ifelse(is.na(x), "NA", sprintf("%.17g", as.numeric(x)))
w <- function(x, f) { for (n in names(x)) if (is.double(x[[n]])) x[[n]] <- full(x[[n]]); write.csv(x, paste0("reference_", f, ".csv"), row.names = FALSE, quote = FALSE) }
quiet <- function(e) suppressWarnings(suppressMessages(e))

# growth rates: quasi-Poisson regression in windows of 14 days
X <- read.csv("input_counts.csv"); n <- nrow(X)
w(do.call(rbind, lapply(seq_along(X), function(j) do.call(rbind, lapply(1:(n - 13), function(i) {
  d <- data.frame(t = 0:13, y = X[i:(i + 13), j]); m <- glm(y ~ t, family = quasipoisson, data = d, control = list(epsilon = 1e-14, maxit = 100)); s <- summary(m)
  data.frame(series = j - 1L, start = i - 1L, rate = coef(m)[2], se = s$coefficients[2, 2], dispersion = s$dispersion) })))), "growth")

# weeks
d <- c(seq(as.Date("1998-12-20"), as.Date("1999-01-12"), 1), seq(as.Date("2003-12-25"), as.Date("2006-01-10"), 1), seq(as.Date("2019-12-20"), as.Date("2021-01-12"), 1), seq(as.Date("1969-12-20"), as.Date("1970-01-10"), 1))
w(data.frame(day = format(d), iso_year = as.integer(isoyear(d)), iso_week = as.integer(isoweek(d)), epi_year = as.integer(epiyear(d)), epi_week = as.integer(epiweek(d))), "weeks")

# delays: interval censored
iv <- read.csv("input_intervals.csv"); out <- NULL
for (f in c("gamma", "lnorm", "weibull")) {
  m <- fitdistcens(data.frame(left = iv$lower, right = iv$upper), f, control = list(reltol = 1e-16, maxit = 5000))
  out <- rbind(out, data.frame(family = f, parameter = names(m$estimate), estimate = unname(m$estimate), se = unname(m$sd), loglik = m$loglik)) }
w(out, "fit_intervals")
# delays: doubly interval censored
dd <- read.csv("input_days.csv"); dat <- data.frame(EL = dd$e0, ER = dd$e1 + 1, SL = dd$s0, SR = dd$s1 + 1, type = 0)
out <- NULL
for (f in c("L", "G", "W")) { m <- quiet(dic.fit(dat, dist = f, opt.method = "Nelder-Mead", ptiles = c(0.5, 0.95), n.boots = if (f == "G") 2 else 0))
  out <- rbind(out, data.frame(family = f, name = rownames(m@ests), estimate = m@ests[, 1], loglik = m@loglik)) }
w(out, "fit_days")
# discretised delays by numerical integration: both events anywhere within their day
cell <- function(k, F) integrate(function(u) F(k + 1 - u) - F(k - u), 0, 1, rel.tol = 1e-11, abs.tol = 0)$value
out <- NULL
for (k in 0:25) out <- rbind(out,
  data.frame(family = "lognormal", mean = 5.2, sd = 3.9, k = k, share = cell(k, function(x) plnorm(pmax(x, 0), log(5.2) - log1p((3.9 / 5.2)^2) / 2, sqrt(log1p((3.9 / 5.2)^2))))),
  data.frame(family = "gamma", mean = 4.1, sd = 2.9, k = k, share = cell(k, function(x) pgamma(pmax(x, 0), (4.1 / 2.9)^2, scale = 2.9^2 / 4.1))))
ws <- uniroot(function(l) { s <- exp(l); sqrt(gamma(1 + 2 / s) / gamma(1 + 1 / s)^2 - 1) - 3.1 / 6.4 }, c(-2, 4), tol = 1e-15); s <- exp(ws$root)
for (k in 0:25) out <- rbind(out, data.frame(family = "weibull", mean = 6.4, sd = 3.1, k = k, share = cell(k, function(x) pweibull(pmax(x, 0), s, 6.4 / gamma(1 + 1 / s)))))
w(out, "discretised")

# uncertain serial interval and simulated Wallinga-Teunis intervals: Monte Carlo
I <- X$s0
r <- quiet(estimate_R(I, method = "uncertain_si", config = make_config(list(mean_si = 5, std_mean_si = 1, min_mean_si = 3, max_mean_si = 7, std_si = 2.5, std_std_si = 0.5, min_std_si = 1.5, max_std_si = 3.5, n1 = 500, n2 = 1000, seed = 1))))
w(r$R[seq(1, nrow(r$R), 4), ], "uncertain_si"); w(r$SI.Moments, "uncertain_si_draws")
set.seed(1); wt <- quiet(wallinga_teunis(I, method = "parametric_si", config = list(t_start = 2:(n - 6), t_end = 8:n, mean_si = 5, std_si = 2.5, n_sim = 10000)))
w(wt$R, "wallinga_teunis")

# offspring: negative binomial
o <- read.csv("input_offspring.csv")$offspring
m <- glm.nb(o ~ 1, control = glm.control(epsilon = 1e-14, maxit = 200))
ll <- function(k, r) sum(dnbinom(o, size = k, mu = r, log = TRUE))
best <- optimize(function(l) -ll(exp(l), mean(o)), c(-5, 5), tol = 1e-12); k <- exp(best$minimum); drop <- qchisq(0.95, 1) / 2
klow <- uniroot(function(l) ll(exp(l), mean(o)) + best$objective + drop, c(-6, log(k)), tol = 1e-13)$root; khigh <- uniroot(function(l) ll(exp(l), mean(o)) + best$objective + drop, c(log(k), 6), tol = 1e-13)$root
pr <- function(r) -optimize(function(l) -ll(exp(l), r), c(-6, 6), tol = 1e-12)$objective
rlow <- uniroot(function(l) pr(exp(l)) + best$objective + drop, log(mean(o)) + c(-2, 0), tol = 1e-12)$root; rhigh <- uniroot(function(l) pr(exp(l)) + best$objective + drop, log(mean(o)) + c(0, 2), tol = 1e-12)$root
w(data.frame(name = c("glm_nb_r", "glm_nb_k", "loglik", "k_lower", "k_upper", "r_lower", "r_upper"), value = c(exp(coef(m)), m$theta, logLik(m), exp(klow), exp(khigh), exp(rlow), exp(rhigh))), "offspring")

# binomial and Poisson intervals
g <- expand.grid(x = c(0, 1, 3, 12, 40), n = c(40, 55, 1000))
w(do.call(rbind, lapply(seq_len(nrow(g)), function(i) { x <- g$x[i]; n <- g$n[i]; e <- binom.test(x, n)$conf.int; s <- quiet(prop.test(x, n, correct = FALSE)$conf.int); p <- poisson.test(x, n)$conf.int
  data.frame(x = x, n = n, exact_lower = e[1], exact_upper = e[2], wilson_lower = s[1], wilson_upper = s[2], poisson_lower = p[1], poisson_upper = p[2]) })), "intervals")

# 2 x 2 tables; R's uniroot in fisher.test stops at 1e-4, so its odds ratio is found again here with more digits
tb <- read.csv("input_tables.csv")
noncentral <- function(a, b, c, d) { m <- a + c; n <- b + d; k <- a + b; lo <- max(0, k - n); hi <- min(k, m); s <- lo:hi; lw <- dhyper(s, m, n, k, log = TRUE)
  dn <- function(l) { v <- lw + l * s; v <- exp(v - max(v)); v / sum(v) }; f <- function(g) exp(uniroot(g, c(-30, 30), tol = 1e-14)$root)
  c(if (a == lo) 0 else if (a == hi) Inf else f(function(l) sum(s * dn(l)) - a), if (a == lo) 0 else f(function(l) sum(dn(l)[s >= a]) - 0.025), if (a == hi) Inf else f(function(l) sum(dn(l)[s <= a]) - 0.025)) }
w(do.call(rbind, lapply(seq_len(nrow(tb)), function(i) { v <- as.numeric(tb[i, ]); M <- matrix(v, 2, byrow = TRUE); ft <- fisher.test(M); c0 <- quiet(chisq.test(M, correct = FALSE)); c1 <- quiet(chisq.test(M)); e <- noncentral(v[1], v[2], v[3], v[4])
  use <- is.finite(e) & e > 0; stopifnot(all(abs(e[use] / c(ft$estimate, ft$conf.int)[use] - 1) < 0.05))
  E <- matrix(rev(v), 2, byrow = TRUE)  # epitools wants the reference row and column first
  rr <- quiet(riskratio.wald(E)$measure[2, ]); or <- quiet(oddsratio.wald(E)$measure[2, ])
  data.frame(v1 = v[1], v2 = v[2], v3 = v[3], v4 = v[4], fisher_p = ft$p.value, or_exact = e[1], or_exact_lower = e[2], or_exact_upper = e[3], chi2 = c0$statistic, chi2_p = c0$p.value, chi2_corrected = c1$statistic, chi2_corrected_p = c1$p.value,
             rr = rr[1], rr_lower = rr[2], rr_upper = rr[3], or = or[1], or_lower = or[2], or_upper = or[3]) })), "tables")
A <- array(as.numeric(t(as.matrix(tb[3:12, ]))), c(2, 2, 10)); A <- aperm(A, c(2, 1, 3)); mh <- mantelhaen.test(A, correct = FALSE)
w(data.frame(name = c("or", "lower", "upper", "chi2", "p"), value = c(mh$estimate, mh$conf.int, mh$statistic, mh$p.value)), "mantel_haenszel")

# age standardisation
ag <- read.csv("input_ages.csv")
w(do.call(rbind, lapply(split(ag, ag$area), function(a) { r <- ageadjust.direct(a$cases, a$population, stdpop = a$standard); data.frame(area = a$area[1], rate = r[["adj.rate"]], lower = r[["lci"]], upper = r[["uci"]]) })), "direct")
ref <- aggregate(cbind(cases, population) ~ age, ag, sum)
w(do.call(rbind, lapply(split(ag, ag$area), function(a) { e <- sum(a$population * ref$cases / ref$population); p <- poisson.test(sum(a$cases), e); data.frame(area = a$area[1], ratio = unname(p$estimate), lower = p$conf.int[1], upper = p$conf.int[2]) })), "indirect")

# capture-recapture: log-linear models of three sources, and the profile likelihood of the number missed
cl <- read.csv("input_cells.csv"); h <- expand.grid(z = 0:1, y = 0:1, x = 0:1)[, 3:1]; fs <- c("x+y+z", "x+y+z+x:y", "x+y+z+x:z", "x+y+z+y:z", "x+y+z+x:y+x:z", "x+y+z+x:y+y:z", "x+y+z+x:z+y:z", "x+y+z+x:y+x:z+y:z")
out <- NULL; ctl <- list(epsilon = 1e-14, maxit = 200)
for (i in seq_len(nrow(cl))) for (f in fs) { d <- cbind(h, y0 = as.numeric(cl[i, ])); fo <- as.formula(paste("y0 ~", f)); m <- glm(fo, poisson, d[-1, ], control = ctl); f0 <- exp(coef(m)[1])
  pl <- function(m0) { e <- d; e$y0[1] <- m0; g <- quiet(glm(fo, poisson, e, control = ctl)); N <- sum(e$y0); mu <- fitted(g); lgamma(N + 1) - lgamma(m0 + 1) + sum(ifelse(e$y0 > 0, e$y0 * log(mu / N), 0)) }
  o <- optimize(function(x) -pl(x), c(0, 4 * max(f0, 1) + 10), tol = 1e-9); q <- qchisq(0.95, 1) / 2; off <- function(x) pl(x) + o$objective + q
  lo <- if (off(0) >= 0) 0 else uniroot(off, c(0, o$minimum), tol = 1e-10)$root; hi <- uniroot(off, c(o$minimum, o$minimum + 20 * max(f0, 5)), tol = 1e-10)$root
  out <- rbind(out, data.frame(set = i - 1L, model = f, missed = f0, deviance = max(deviance(m), 0), aic = AIC(m), lower = lo, upper = hi)) }
w(out, "capture")

# case fatality by follow-up: Aalen-Johansen
co <- read.csv("input_courses.csv"); out <- NULL
for (cut in c(25, 40, 60, 200)) { d <- co[co$begin <= cut, ]; seen <- d$end <= cut; time <- ifelse(seen, d$end, cut) - d$begin; ev <- factor(ifelse(!seen, 0, ifelse(d$died == 1, 1, 2)), 0:2, c("censor", "died", "recovered"))
  s <- survfit(Surv(time + 0.5 * (ev == "censor") + 1, ev) ~ 1); p <- s$pstate[nrow(s$pstate), ]; out <- rbind(out, data.frame(cut = cut, died = p[2], recovered = p[3], ratio = p[2] / (p[2] + p[3]))) }
w(out, "follow_up")

# nowcasts of surveillance, 38 days after the first event; bayes.trunc and bayes.notrunc are sampled
suppressPackageStartupMessages(library(surveillance))
rp <- read.csv("input_reports.csv"); d0 <- as.Date("2020-03-01"); rp <- data.frame(event = d0 + rp$event, report = d0 + rp$report); when <- seq(d0 + 26, d0 + 38, 1); out <- NULL; shares <- NULL; chances <- NULL
for (m in c("bayes.trunc", "bayes.notrunc", "bayes.notrunc.bnb", "lawless", "unif")) { set.seed(1)
  ctl <- list(N.tInf.max = 400, nSamples = 20000, predPMF = TRUE, N.tInf.prior = structure("poisgamma", mean.lambda = 15, var.lambda = 250), dRange = c(d0, d0 + 44))
  invisible(capture.output(nc <- quiet(nowcast(now = d0 + 38, when = when, data = rp, dEventCol = "event", dReportCol = "report", D = 12, method = m, control = ctl))))
  ix <- match(when, epoch(nc)); out <- rbind(out, data.frame(method = m, day = as.integer(when - d0), reported = observed(nc)[ix, 1], predicted = upperbound(nc)[ix, 1], lower = nc@pi[ix, 1, 1], upper = nc@pi[ix, 1, 2]))
  if (m %in% c("bayes.trunc", "bayes.notrunc")) shares <- rbind(shares, data.frame(method = m, delay = 0:12, share = delayCDF(nc)[[m]]))
  if (m == "lawless") shares <- rbind(shares, data.frame(method = m, delay = 0:12, share = delayCDF(nc)[[m]][1:13]))
  if (m %in% c("bayes.trunc", "bayes.notrunc")) for (d in c("2020-03-28", "2020-04-02", "2020-04-05", "2020-04-07", "2020-04-08")) { p <- nc@predPMF[[d]][[m]]; chances <- rbind(chances, data.frame(method = m, day = as.integer(as.Date(d) - d0), number = 0:60, chance = cumsum(p)[1:61])) } }
w(out, "nowcast"); w(shares, "nowcast_shares"); w(chances, "nowcast_chances")

# the same reports by week, Monday to Sunday, on the Sunday of 5 April
monday <- function(d) d - (as.integer(format(d, "%u")) - 1); now <- monday(as.Date("2020-04-05")); D <- 3
wk <- data.frame(event = monday(rp$event), report = monday(rp$report)); wk <- wk[wk$report <= now, ]; weeks <- seq(monday(d0), now, by = "1 week")
invisible(capture.output(nc <- quiet(nowcast(now = now, when = tail(weeks, D + 1), data = wk, dEventCol = "event", dReportCol = "report", aggregate.by = "1 week", D = D, method = "bayes.notrunc.bnb", control = list(N.tInf.max = 400, dRange = range(weeks))))))
ix <- match(weeks, epoch(nc)); w(data.frame(week = as.integer(weeks - d0), unclass(reportingTriangle(nc))[, 1:(D + 1)], predicted = upperbound(nc)[ix, 1], lower = nc@pi[ix, 1, 1], upper = nc@pi[ix, 1, 2]), "nowcast_weekly")
