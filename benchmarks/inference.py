"""Simulation of intervals and tests: their coverage and their false positives.

    python -m benchmarks.inference

Simulates samples of 15 prompts from 4 seeds whose gains vary between prompts and between seeds,
and compares what the project does with what is commonly done. Prints a table in Markdown.
"""

import argparse
import sys

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from oldbook_diffusion.metrics.inference import (
    max_t_p,
    prompt_means,
    sign_flip_p,
    t_interval,
)
from oldbook_diffusion.metrics.selection import Rule

PROMPTS, SEEDS, CHECKPOINTS = 15, 4, 20
BETWEEN, WITHIN = 0.25, 0.25  # deviations of prompts and of seeds, in units of the style score
# recall of the base, and its loss
CASES = ((0.95, 0.0), (0.90, 0.0), (0.95, 0.1), (0.95, 0.2))
POWER = "| refused for its prompts | lossless, 0.95 | lossless, 0.90 | 10 points lost | 20 lost |"
OWN = torch.arange(PROMPTS).repeat_interleave(SEEDS)


def gains(generator: torch.Generator, skewed: bool) -> Tensor:  # => [N], of mean zero
    """The gain of every sample in one simulated run."""
    if skewed:
        draws = torch.empty(PROMPTS, dtype=torch.float64).exponential_(generator=generator) - 1
    else:
        draws = torch.randn(PROMPTS, generator=generator, dtype=torch.float64)
    noise = torch.randn(len(OWN), generator=generator, dtype=torch.float64)
    return BETWEEN * draws[OWN] + WITHIN * noise


def bootstrap_holds(values: Tensor, generator: torch.Generator) -> bool:
    """Whether the percentile bootstrap over samples holds zero."""
    rows = torch.randint(len(values), (1000, len(values)), generator=generator)
    lower, upper = values[rows].mean(1).quantile(torch.tensor([0.025, 0.975]).double()).tolist()
    return lower <= 0 <= upper


def one_checkpoint(trials: int, skewed: bool) -> dict[str, float]:
    """Fractions of trials in which each method calls a gain of 0 a gain or a loss."""
    generator = torch.Generator().manual_seed(int(skewed))
    wrong = dict.fromkeys(("interval", "sign flip", "naive t", "naive bootstrap"), 0)
    for _ in range(trials):
        values = gains(generator, skewed)
        means = prompt_means(values, OWN)
        interval = t_interval(means)
        wrong["interval"] += not interval.lower <= 0 <= interval.upper
        wrong["sign flip"] += sign_flip_p(means) <= 0.05
        wrong["naive t"] += bool(stats.ttest_1samp(values.numpy(), 0).pvalue <= 0.05)
        wrong["naive bootstrap"] += not bootstrap_holds(values, generator)
    return {name: count / trials for name, count in wrong.items()}


def many_checkpoints(trials: int) -> dict[str, float]:
    """Fractions of runs in which some checkpoint of 20 is called a gain and none is."""
    generator = torch.Generator().manual_seed(2)
    wrong = {"max-T": 0, "each by itself": 0}
    for _ in range(trials):
        shared = gains(generator, skewed=False)
        run = [prompt_means(shared + gains(generator, False), OWN) for _ in range(CHECKPOINTS)]
        means = torch.stack(run)
        wrong["max-T"] += bool((max_t_p(means) <= 0.05).any())
        wrong["each by itself"] += any(sign_flip_p(row) <= 0.05 for row in means)
    return {name: count / trials for name, count in wrong.items()}


def refused(trials: int, seeds: int, base: float, loss: float, graded: bool) -> float:
    """Fraction of checkpoints that the rule of selection refuses for their prompts.

    Args:
        trials: Simulated pairs of a base model and a checkpoint.
        seeds: Samples of each prompt.
        base: The base's recall@1; that of prompts is of a beta distribution around it.
        loss: What the checkpoint has lost of it.
        graded: By the reciprocal rank, of which a missed prompt has 1/2 or, one time in five, 1/3;
            by recall@1 itself otherwise.
    """
    dice = np.random.default_rng(3)
    own = torch.arange(PROMPTS).repeat_interleave(seeds)
    count = 0
    for _ in range(trials):
        recall = np.repeat(dice.beta(6 * base, 6 * (1 - base), PROMPTS), seeds)
        scores = []
        for chance in (recall - loss, recall):
            missed = np.where(dice.random(len(own)) < 0.8, 1 / 2, 1 / 3) if graded else 0.0
            scores.append(np.where(dice.random(len(own)) < chance, 1.0, missed))
        change = torch.from_numpy(scores[0] - scores[1])
        count += t_interval(prompt_means(change, own)).lower < -Rule().max_rank_drop
    return count / trials


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=4000)
    trials = parser.parse_args().trials
    torch.set_num_threads(1)
    rows = [
        ("interval of the mean over prompts, t", "interval"),
        ("exact sign-flip test over prompts", "sign flip"),
        ("t test that takes samples for independent", "naive t"),
        ("percentile bootstrap over samples", "naive bootstrap"),
    ]
    plain, skewed = one_checkpoint(trials, False), one_checkpoint(trials, True)
    lines = ["| false positives at a gain of 0, nominal 5 % | normal | skewed |", "|---|---|---|"]
    lines += [f"| {name} | {plain[key]:.1%} | {skewed[key]:.1%} |" for name, key in rows]
    lines += ["", f"| some of {CHECKPOINTS} checkpoints called a gain | runs |", "|---|---|"]
    lines += [f"| {key} | {share:.1%} |" for key, share in many_checkpoints(trials // 4).items()]
    lines += ["", POWER, "|---|---|---|---|---|"]
    for graded, seeds in ((False, 4), (True, 2), (True, 4), (True, 8)):
        cells = [refused(trials, seeds, *case, graded) for case in CASES]
        name = f"{'reciprocal rank' if graded else 'recall@1'}, {seeds} seeds"
        lines.append(f"| {name} | {' | '.join(f'{cell:.1%}' for cell in cells)} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
