"""The prompts of the reference experiment, and others to learn the measure on."""

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

# scores never meet these: the directions of style are fitted on what the base draws for them
OTHER_PROMPTS = (
    "A ship on the sea",
    "A horse in a field",
    "An owl at night",
    "A lion under a tree",
    "A basket of fruit",
    "A king on his throne",
    "A bridge over a river",
    "A bird on a branch",
    "A clock on the wall",
    "A fish in the water",
    "A mountain in winter",
    "A woman with an umbrella",
    "A snail on a leaf",
    "A violin on a table",
    "A butterfly among flowers",
)
