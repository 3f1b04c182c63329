"""The words of reports and documents, for ``dreamerguard explain`` and the glossary of the documentation."""

from __future__ import annotations

#: Words, several of one meaning separated by commas -> meaning, in Markdown.
GLOSSARY = {
    "agent step, environment frame, frame": "a decision of the agent; with action repeat 2, it is two frames",
    "action repeat": "frames for which each action is repeated",
    "baseline": "of `check`: a file of known findings that do not count. Of `compare`: the runs of the old version",
    "budget": "frames of a run, or gradient updates that follow from them",
    "bundled trainer, native": "the DreamerV3 in JAX that this package trains; `native` in options and JSON",
    "candidate": "the runs of the new version in `compare`",
    "cost": "points of the task that a setting is expected to lose; an estimate states its source",
    "dialect": "the program that a command belongs to; with the edition behind a colon: `--dialect danijar:2023`",
    "edition": "a published generation of settings: `paper-2023` (arXiv v1), `paper-2025` (Nature), `head` (today)",
    "expected score": "the score of the published agent after as many updates as the run makes",
    "false alarm": "a healthy run that is called too low",
    "finding": "one reported problem with its place",
    "fork, checkout": "a changed copy of a program; a local copy of a repository",
    "look": "one evaluation of a growing log; the false alarm rate holds for all looks together",
    "margin": "the loss that NON-INFERIOR rules out, as a share of what the baseline learns",
    "preset": "a named block of settings of danijar/dreamerv3, `--configs NAME`",
    "published curve, reference": "scores of the published agent over frames, or of your own runs",
    "purpose": "`short`: the run is short on purpose, so only updates per frame are judged",
    "refused": "`train` and `guard` do not start: an error, or a warning with a severe cost",
    "run": "one training process with one configuration; its run directory, log directory",
    "seed": "a run that differs from others only in its random numbers",
    "severity, confidence": "how bad a finding is; how sure the rule is",
    "suite": "a family of tasks with common settings: `dmc_proprio`, `dmc_vision`, `atari100k`",
    "suppression": "a comment, setting or option that accepts a finding, with its reason",
    "train ratio": "replayed agent steps per agent step: 512 means that every step is replayed 512 times on average",
    "update": "one gradient update; usually 16 sequences of 64 steps",
    "verdict of watch": "OK, WATCH, REGRESSED, TOO EARLY or UNDECIDABLE",
    "OK": "the run is not too low",
    "WATCH": "too low at the 5 % threshold: at most about 5 % of healthy runs ever get there",
    "REGRESSED": "too low at the 2 % threshold; or at 5 % at the end of the budget, or together with another seed",
    "TOO EARLY": "too few frames for a verdict",
    "UNDECIDABLE": "on this task, one run cannot be told from a run that learns nothing",
    "verdict of compare": "WORSE, NON-INFERIOR or INCONCLUSIVE",
    "WORSE": "the final score or the whole curve is lower, with a p-value of at most 2.5 %",
    "NON-INFERIOR": "a loss of more than the margin is ruled out at 5 %",
    "INCONCLUSIVE": "neither is shown; a line says how many seeds are missing",
}


def meaning(word: str) -> tuple[str, str] | None:
    """Returns a word of the glossary with its meaning; None for others. Case, dashes and plurals do not matter."""
    wanted = _form(word)
    wanted = {"verdict": "verdict of watch"}.get(wanted, wanted)
    for words, text in GLOSSARY.items():
        names = [_form(part) for part in words.split(",")]
        if wanted in names or wanted.removesuffix("s") in names:
            return words, text
    return None


def _form(word: str) -> str:
    return " ".join(word.replace("-", " ").replace("_", " ").lower().split())
