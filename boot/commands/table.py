"""Which commands `roost` has beside the chat and `-p`: what help and docs/commands.md tell of each.

A command is a row here and a module of its name beside this one, with

    add_arguments(parser)        what may follow the name
    act(given, loaded) -> int    does it, prints to stdout, and answers an exit code

which is loaded when the command is given. Its page is a heading in docs/commands.md.
"""

from core.commands import CommandRow

COMMANDS = (
    CommandRow("sessions [search WORD … | show ID | export ID]", "shows what was said before"),
    CommandRow("undo [--to STEP]", "lists the steps of a session, and brings its files back to one of them"),
    CommandRow(
        "memory [store TEXT | search WORD … | list | forget ID | embed]",
        "keeps, finds, lists and forgets facts",
    ),
    CommandRow('plan ["GOAL"]', "makes a plan with the model, which only reads; you edit it and take it"),
    CommandRow(
        "project [add | set | note | check | stage | next]", "shows the plan, changes it, and carries it out"
    ),
    CommandRow(
        "skills [show | test | accept | disable | remove NAME | propose | export | import FOLDER]",
        "lists the tools that the agent made, and lets you look at them, test and accept them",
    ),
    CommandRow("find [WORD …] [--path PATH]", "finds code by what it is about, or draws a map of it"),
    CommandRow("models [--url URL]", "lists which models there are, what each can do, and where"),
    CommandRow("calibrate [--url URL] [--model NAME]", "finds out in five minutes what a model can do"),
    CommandRow(
        "serve [MODEL] [--engine NAME] [--port N]",
        "serves a model on this machine, proposes one that fits it if you name none",
    ),
    CommandRow("settings", "prints every setting, its value and where that stands"),
    CommandRow("doctor [--offline]", "checks what is missing or wrong here, and how to mend it"),
    CommandRow("completion SHELL", "prints what bash, zsh or fish need to complete a command line"),
    CommandRow('why "COMMAND"', "tells how a shell command would be judged, and by which rule"),
)
NAMES = tuple(row.name for row in COMMANDS)


def typed_in_full() -> tuple[CommandRow, ...]:
    """The rows as one types them in a shell."""
    return tuple(row._replace(usage=f"roost {row.usage}") for row in COMMANDS)
