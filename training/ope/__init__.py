"""Off-policy evaluation: what a ranking policy would have earned on pages that another policy filled.

Estimand. V(pi) = mean over pages x of  sum over ranks r, postings j  g_r(j | x) mu_r(x, j)
with g_r(j | x) the probability that the target pi puts j at rank r of the page, and mu_r(x, j) the expected
reward (number of positive acts: view, save, apply) of j at rank r. A page is one request as it was logged:
its user, moment, candidates and number of slots stay as they were. So V(pi) is the value of filling *one*
page by pi while everything before it happened as logged; what pi would change in later visits is not in it.

Assumed. (1) What happens to a posting depends on the page's context, the posting and its rank, not on its
neighbours (item-position model), and the rank acts through examination alone: mu_r(x, j) = theta_r nu(x, j)
(position-based model; both in Li et al. 2018, "Offline Evaluation of Ranking Policies with Click Models").
theta_r = r ** -power is estimated from the log unless it is given. (2) The logged propensities are right, and
conditional on what stands above, as the market and any sampler without replacement log them; `weights` says
how they are used without knowing the marginal ones. (3) Overlap: the log could have shown whatever the target
shows; `overlap` tests it and refuses.

Estimators (`evaluate`): IPS, SNIPS, DR with cross-fitted reward model; 95 % intervals by bootstrap-t over
users. `simulated` and the benchmark `ope` compare them with the simulator's true value.
"""
