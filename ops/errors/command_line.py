"""The command line and the pages that it writes: P080 to P099."""

from __future__ import annotations

from ops.errors import Problem, Status

NOT_CONFIRMED = Problem(
    "P080",
    "Nothing was changed, because nobody could be asked.",
    "Changes are shown and confirmed on a terminal. Scripts say --yes.",
    "portaria {command} --yes",
    Status.USAGE,
)
SECRETS_TO_STDOUT = Problem(
    "P081",
    "Secrets are not printed.",
    "What is printed stays in logs and in the terminal's history. A file gets them that only its "
    "owner can read.",
    "portaria {command} --out connector.json",
    Status.USAGE,
)
USAGE_WRONG = Problem(
    "P083",
    "The command line can't be understood.",
    "A command, an argument or an option is missing, misspelt, or has a value that it can't have. "
    "Nothing was done.",
    "portaria {command} --help",
    Status.USAGE,
)
FILE_UNWRITABLE = Problem(
    "P082",
    "A file can't be written.",
    "The folder is not there or not yours, or the disk is full.",
    "portaria {command} {option}",
)
PAGE_OUTDATED = Problem(
    "P090",
    "A generated page is out of date.",
    "What the page is made from has changed since.",
    "portaria {noun}",
)
CODE_UNKNOWN = Problem(
    "P091",
    "There is no error with this code.",
    "Codes are a P and three digits, as errors show them, or what pages, the log and `trace` show.",
    "portaria explain",
    Status.USAGE,
)
