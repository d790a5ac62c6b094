"""Catalogue of all curves: the one place where a curve gets its tag, title, help, chart and bounds.

A new score is a line here and its value in `compute.py`; TensorBoard's charts, the report's table
and the files of a run follow.
"""

from oldbook_diffusion.metrics.curve import Curve

BANDS = 5  # equal fractions of the timesteps, the first with the least noise
FRACTION = (0.0, 1.0)
GUIDES = ("Style", "score and guides")
NEAREST = ("Memorization", "nearest training plate")
TESTS = ("Memorization", "tests")
MEMBERSHIP = ("Memorization", "loss fell more on training plates")

# style: 0 = the base model's samples, 1 = held-out plates
STYLE = Curve(
    "style/score",
    "Style (probe)",
    "style by a probe that was fitted against negative controls and hard negatives",
    band="Style",
    lines=GUIDES,
    in_report=True,
)
STYLE_PROJECTION = Curve(
    "style/projection",
    "Style (projection)",
    "style by a plain difference of means",
    band="Style",
    in_report=True,
)
STYLE_BEYOND_TONE = Curve(
    "style/beyond_tone",
    "Style beyond tone",
    "style by a difference of means without tone, edges and grain",
    band="Style",
    in_report=True,
)
STYLE_NORMALIZED = Curve(
    "style/normalized",
    "Style (centroid cosine)",
    "style by the cosine to the centroid of held-out plates; easily fooled",
    in_report=True,
)
STYLE_COSINE = Curve("style/cosine", "Centroid cosine", "that cosine, raw")
STYLE_CEILING = Curve("style/ceiling_cosine", "Ceiling cosine", "that cosine of held-out plates")
STYLE_CAPTIONS = Curve(
    "style/captions",
    "Style of held-out captions",
    "style where captions of held-out plates are sampled, 1 = those very plates",
    band="Style",
    in_report=True,
)
STYLE_LEAKAGE = Curve(
    "style/leakage",
    "Off-prompt style leakage",
    "style that comes where a photograph or a watercolour is asked for",
    band="Style",
    in_report=True,
)
STYLE_P = Curve("style/p", "Style p", "p of a gain of 0, by a sign-flip test", is_p=True)
STYLE_VALID = Curve("style/valid", "Valid", "1 if the encoder has failed no validity check")

# what a style score has to be compared with
SHORTCUT = Curve(
    "guide/shortcut_max",
    "Best shortcut",
    "the best style score of a negative control: below it a curve is no evidence",
    lines=GUIDES,
    in_report=True,
)
STYLE_WORDS = Curve(
    "guide/style_words",
    "Style words alone",
    "style of the base model with style words in its prompts",
    lines=GUIDES,
    in_report=True,
)
REAL_LOWER = Curve(
    "guide/real_lower", "Plates, lower", "halves of the held-out books", lines=GUIDES
)
REAL_UPPER = Curve(
    "guide/real_upper", "Plates, upper", "halves of the held-out books", lines=GUIDES
)
LINE_DIVERSITY = Curve("guide/diversity", "Diversity of lines", "diversity of the base's outlines")

# prompt fidelity
CLIP_SCORE = Curve(
    "fidelity/clip_score", "CLIP score", "cosine of samples to their prompts", band="Prompts"
)
CENTERED_CLIP_SCORE = Curve(
    "fidelity/centered_clip_score",
    "Centered CLIP score",
    "CLIP score less that with the other prompts: a shift of style cancels",
    band="Prompts",
    in_report=True,
)
RECALL = Curve(
    "fidelity/recall_at_1",
    "Prompt recall@1",
    "fraction of samples that are nearest to their own prompt of all",
    band="Prompts",
    bounds=FRACTION,
    in_report=True,
)
RECIPROCAL_RANK = Curve("fidelity/reciprocal_rank", "Reciprocal rank", "of the own prompt")
POOLED_CLIP_SCORE = Curve("fidelity/pooled_clip_score", "CLIP score, pooled", "over all samples")
POOLED_RECALL = Curve("fidelity/pooled_recall_at_1", "Recall@1, pooled", "over all samples")
CONTENT_SIMILARITY = Curve(
    "fidelity/content_similarity",
    "Content similarity",
    "cosine to the base's sample from the same noise, the style projected out",
    band="Prompts",
)

# diversity, 1 = as the base model's
DIVERSITY = Curve(
    "diversity/within",
    "Diversity",
    "how different samples of one prompt are",
    band="Prompts",
    in_report=True,
)
DIVERSITY_ACROSS = Curve("diversity/across", "Diversity across prompts", "of different prompts")

# distance of the samples as a set to held-out plates as a set
MMD_MEDIAN = Curve(
    "distance/mmd_median",
    "Distance to plates",
    "squared MMD with a Gaussian of the median distance",
    band="Distance",
    in_report=True,
)
CMMD = Curve("distance/cmmd", "CMMD", "squared MMD with a Gaussian of sigma 10", band="Distance")
KID = Curve("distance/kid", "KID", "squared MMD with a cubic kernel", band="Distance")

# memorization
NEAR_FRACTION = Curve(
    "memorization/near_fraction",
    "Near a training plate",
    "fraction of samples nearer to a training plate than 99 % of held-out plates are",
    bounds=FRACTION,
    in_report=True,
)
NEAR_P = Curve(
    "memorization/p",
    "Chance of that without copying",
    "p of so many without copying",
    lines=TESTS,
    in_report=True,
    is_p=True,
)
NEAR_MAX = Curve(
    "memorization/max_similarity",
    "Nearest to a training plate",
    "the largest similarity of a sample to a training plate",
    lines=NEAREST,
    in_report=True,
)
PLATE_MAX = Curve(
    "memorization/plate_max_similarity",
    "Plates are so near to others at most",
    "99.9 % of plates are less similar to any training plate",
    lines=NEAREST,
    in_report=True,
)
NEAR_THRESHOLD = Curve("memorization/threshold", "Threshold", "99 % quantile", lines=NEAREST)
CAPTION_CONTRAST = Curve("memorization/caption_contrast", "Caption contrast", "seen minus unseen")
CAPTION_P = Curve(
    "memorization/caption_p",
    "Chance of captions' plates",
    "p of training captions giving their own plates so much more than held-out ones",
    lines=TESTS,
    in_report=True,
    is_p=True,
)
LOSS_GAP = Curve("memorization/loss_gap", "Loss gap", "change on training minus held-out plates")
LOSS_AUC = Curve(
    "memorization/loss_auc",
    "Loss fell more on training plates",
    "chance that a training plate's loss fell more than a held-out one's: 0.5 without memorization",
    lines=MEMBERSHIP,
    in_report=True,
)

# losses
TRAIN_LOSS = Curve("train/loss", "Training loss", "of all plates of a step")
LEARNING_RATE = Curve("train/lr", "Learning rate", "of a step")
LOSS_RISE = Curve("train/loss_rise", "Loss rise", "median loss over that of the windows before")
SKIPPED = Curve("train/skipped_steps", "Skipped steps", "steps with a NaN or inf so far")
GRADIENT_NORM = Curve("train/gradient_norm", "Gradient norm", "before it is clipped")
LOSS_SCALE = Curve("train/loss_scale", "Loss scale", "of the gradient scaler at 16-mixed")
VAL_LOSS = Curve("val/loss", "All timesteps", "loss on held-out plates", band="Held-out loss")
BAND_LOSSES = tuple(
    Curve(f"val/loss_band_{n}", f"Band {n} of {BANDS}", "of its timesteps", band="Held-out loss")
    for n in range(1, BANDS + 1)
)
BAND_CHANGES = tuple(
    Curve(f"val/change_band_{n}", f"Change in band {n} of {BANDS}", "from the base model's loss")
    for n in range(1, BANDS + 1)
)

# where time and memory go
PERF = {
    part: Curve(f"perf/{part}_seconds", part.replace("_", " "), "since the last checkpoint")
    for part in ("training", "data_wait", "validation", "sampling", "scoring", "checkpoint")
}
MS_PER_STEP = Curve("perf/ms_per_step", "ms per step", "an optimizer step with its waiting")
PEAK_MEMORY = Curve("perf/peak_memory_gb", "Peak memory", "GB, of the GPU where there is one")

CURVES = {curve.tag: curve for curve in PERF.values()} | {
    curve.tag: curve
    for value in list(globals().values())
    for curve in (value if isinstance(value, tuple) else [value])
    if isinstance(curve, Curve)
}
