"""How TensorBoard puts the curves of a run together: bands with their ends, and guides."""

from typing import Any

BANDS = {
    "Style": {
        "score": "style/score",
        "projection": "style/projection",
        "beyond tone": "style/beyond_tone",
        "matched captions": "style/matched",
        "where another style was asked for": "forgetting/style_where_not_asked",
    },
    "Prompts": {
        "agreement": "fidelity/agreement",
        "centred agreement": "fidelity/centred_agreement",
        "identified": "fidelity/identified",
        "content kept": "fidelity/retention",
        "diversity": "diversity/within",
    },
    "Distance": {
        "cmmd": "distance/cmmd",
        "mmd, median sigma": "distance/mmd_median",
        "kid": "distance/kid",
    },
    "Held-out loss": {
        "all timesteps": "val/loss",
        **{f"band {band} of 5": f"val/loss_band_{band}" for band in range(1, 6)},
    },
}
LINES = {
    "Style": {
        "score and guides": [
            "style/score",
            "guide/style_words",
            "guide/shortcut_max",
            "guide/real_lower",
            "guide/real_upper",
        ]
    },
    "Memory": {
        "nearest training plate": [
            "memorisation/largest",
            "memorisation/most",
            "memorisation/threshold",
        ],
        "tests": ["memorisation/p", "memorisation/caption_p"],
        "loss fallen more on training plates": ["memorisation/loss_auc"],
    },
}


def charts() -> dict[str, dict[str, list[Any]]]:
    """The layout of TensorBoard's custom scalars."""
    layout: dict[str, dict[str, list[Any]]] = {}
    for group, bands in BANDS.items():
        layout[group] = {
            f"{name} (95 %)": ["Margin", [f"{tag}{end}" for end in ("", "_lower", "_upper")]]
            for name, tag in bands.items()
        }
    for group, lines in LINES.items():
        layout.setdefault(group, {}).update(
            {name: ["Multiline", tags] for name, tags in lines.items()}
        )
    return layout
