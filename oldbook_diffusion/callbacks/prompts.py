"""The prompts of the reference experiment."""

PROMPTS = (
    "A bald man with a long beard smiles faintly",
    "Vase with foliated ornaments",
    "A big black cat looking at the window",
    "A monkey wearing a feathered hat walks around the countryside",
    "A boy is reading a book in his bedroom",
    "A family is having a dinner",
    "A country cottage",
    "Wildflowers in a meadow",
    "A steam train on a bridge",
    "Children playing in a park",
    "A medieval castle",
    "A botanical illustration of a rose",
    "A map of Europe in the 18th century",
    "A caricature of a politician",
    "A scene from a Shakespeare play",
)
