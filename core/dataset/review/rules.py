"""The rules in the order in which they are told, with the words that people read."""

from __future__ import annotations

from core.dataset.review.findings import Rule

MISSING = "missing"
EXACT = "duplicates"
NEAR = "near-duplicates"
CONFLICT = "different-outputs"
LEAK = "leak"
TOO_LONG = "too-long"
UNTRAINABLE = "cannot-be-trained"
UNUSUAL_LENGTH = "unusual-length"
ENCODING = "broken-encoding"
LOST = "lost-letters"
WHITESPACE = "stray-whitespace"
UNFINISHED = "unfinished"
REFUSAL = "refusals"
PLACEHOLDER = "placeholders"
CONTROL = "control-tokens"
PERSONAL = "personal-data"
SECRET = "secrets"
LANGUAGE = "other-language"
UNBALANCED = "unbalanced"

RULES: tuple[Rule, ...] = (
    Rule(
        UNTRAINABLE,
        "Cannot be trained with this base model",
        "The base model's chat template refuses these, or would teach something else than what is written. No run "
        "starts while they are ready: change or exclude them.",
        "error",
        "Exclude them",
        can_ignore=False,
    ),
    Rule(
        SECRET,
        "Passwords and keys",
        "A model may repeat what it was taught word by word. Take keys and passwords out, and change those that were "
        "real.",
        "error",
    ),
    Rule(
        LEAK,
        "Held-out examples that are trained on as well",
        "Held-out examples measure whether the model learns or only memorises. One that says the same as a training "
        "example makes the result look better than it is.",
        "error",
        "Move them to training",
    ),
    Rule(
        PLACEHOLDER,
        "Placeholders instead of text",
        "Something was meant to be filled in here. The model would learn to write the placeholder.",
        "error",
    ),
    Rule(
        ENCODING,
        "Broken letters",
        "The text went through a wrong conversion on its way here, such as “Ã¼” for “ü”. The model would learn to "
        "write it like that.",
        "error",
        "Repair the letters",
    ),
    Rule(
        LOST,
        "Lost letters",
        "A conversion put “�” in the place of letters that it did not know. They are gone; type them again.",
        "error",
    ),
    Rule(
        MISSING,
        "Nothing asked or nothing answered",
        "Without an instruction or an output there is nothing to learn; training leaves these out.",
        "warning",
    ),
    Rule(
        CONFLICT,
        "The same prompt with different outputs",
        "The model is asked the same and taught different answers, so it learns to guess. Fine if several answers are "
        "equally good; for labels and facts, decide on one.",
        "warning",
    ),
    Rule(
        EXACT,
        "Duplicates",
        "Word for word the same example. Each copy counts again in training, so the model leans towards it.",
        "warning",
        "Keep the first of each",
    ),
    Rule(
        NEAR,
        "Near-duplicates",
        "These differ in next to nothing: a comma, capital letters, a typing error, a small word. They teach little "
        "new and count several times.",
        "warning",
        "Keep the first of each",
    ),
    Rule(
        UNFINISHED,
        "Unfinished outputs",
        "The output stops in the middle of a sentence. The model would learn to stop there too.",
        "warning",
    ),
    Rule(
        REFUSAL,
        "Refusals and “as an AI” phrases",
        "Typical of answers that another AI wrote. The model would learn to talk like that.",
        "warning",
    ),
    Rule(
        CONTROL,
        "Signs of a chat format inside the text",
        "Such signs separate the turns of a conversation for a model and were probably copied along. They are kept as "
        "plain text, so the model would learn to write them.",
        "warning",
    ),
    Rule(
        PERSONAL,
        "Personal data",
        "A model may repeat addresses and numbers it was taught. Replace those of real people.",
        "warning",
    ),
    Rule(
        LANGUAGE,
        "Outputs in another language",
        "Nearly all outputs are in one language, these are not.",
        "warning",
    ),
    Rule(
        UNBALANCED,
        "Opened and never closed",
        "A tag, bracket or code block is opened and not closed, or closed and never opened. Often something was cut "
        "off.",
        "warning",
    ),
    Rule(
        TOO_LONG,
        "Longer than the maximum length",
        "Training leaves these out. Shorten or divide them, or raise the maximum length in the settings.",
        "warning",
    ),
    Rule(
        UNUSUAL_LENGTH,
        "Much shorter or longer than the others",
        "The length of these outputs stands out from the rest. Check that nothing is missing or was put together by "
        "mistake.",
        "hint",
    ),
    Rule(
        WHITESPACE,
        "Stray spaces and line ends",
        "Spaces, empty lines or invisible signs where none belong. The model would learn to write them.",
        "hint",
        "Trim the spaces",
    ),
)

BY_ID = {rule.id: rule for rule in RULES}
