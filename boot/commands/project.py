"""`roost project`: the plan of the workspace, shown, changed by a person or a script, and carried out."""

import argparse
import sys
from collections.abc import Callable, Mapping
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from boot.layers import Loaded, here
from boot.masking import masking_of
from boot.opening import People
from boot.planning import Where, carried_out, person_here, require_no_other, runner_at
from boot.project import project_file
from boot.shown import show
from core.errors import PlanRefused
from core.project import Project, Stage, Status, Task, added, at_stage, find, new_id, noted, with_status
from core.project_form import written
from core.project_outline import changes, ready_line
from core.project_store import Act, ProjectStore
from core.values import utc_now
from flow.project_runner import MOST_TRIES
from servr.headless import Progress
from servr.plan_lines import plan_lines, task_lines

if TYPE_CHECKING:
    from servr.terminal import ChatPeople


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the whole plan as JSON")
    parser.set_defaults(action="show", id="")
    actions = parser.add_subparsers(metavar="ACTION")

    def action(name: str, text: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text, allow_abbrev=False)
        made.set_defaults(action=name)
        made.add_argument("--workspace", metavar="FOLDER", default=argparse.SUPPRESS, help="whose plan")
        made.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="what it is then, as JSON"
        )
        return made

    new = action("new", "A plan without a task yet, for a person or a script to fill.")
    new.add_argument("goal", metavar="GOAL")
    new.add_argument("--replace", action="store_true", help="also where a plan is being carried out")
    show = action("show", "The plan, or all of one task.")
    show.add_argument("id", nargs="?", default="", metavar="TASK")
    add = action("add", "One more task.")
    add.add_argument("title", metavar="TITLE")
    add.add_argument("--detail", default="", metavar="TEXT", help="what to do, and where")
    add.add_argument("--after", action="append", default=[], metavar="TASK", help="has to be done before")
    add.add_argument(
        "--check", action="append", default=[], metavar="COMMAND", help="succeeds when it is done"
    )
    change = action("set", "What a task is.")
    change.add_argument("id", metavar="TASK")
    change.add_argument("status", choices=list(Status))
    change.add_argument("--note", default="", metavar="TEXT", help="why")
    note = action("note", "A note for the lab notebook, or for one task.")
    note.add_argument("text", metavar="TEXT")
    note.add_argument("--task", default="", metavar="TASK")
    stage = action("stage", "Where the project stands: executing takes the plan.")
    stage.add_argument("stage", choices=list(Stage))
    check = action("check", "Runs the checks of the tasks to be reviewed, or of one task.")
    check.add_argument("id", nargs="?", default="", metavar="TASK")
    _add_modes(check)
    _add_next(action("next", "Does the next ready task in a session of its own, and checks it."))


def _add_next(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--all", action="store_true", help="one after the other, until nothing more can be done")
    add("--tries", type=int, default=MOST_TRIES, metavar="N", help="before a task is blocked (default: 3)")
    add("--model", metavar="NAME", help="model to ask (AGENT_MODEL)")
    add("--url", dest="model_url", metavar="URL", help="its server (AGENT_MODEL_URL)")
    _add_modes(parser)


def _add_modes(parser: argparse.ArgumentParser) -> None:
    """By which rules commands run."""
    parser.add_argument(
        "--permission", metavar="MODE", help="plan, ask, auto-edit or full (AGENT_PERMISSION)"
    )
    parser.add_argument("--sandbox", metavar="KIND", help="auto, external or none (AGENT_SANDBOX)")


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    file = project_file(loaded.workspace, here().folders)
    if given.action in CHANGES:
        return _changed(given, file, CHANGES[given.action](given))
    if given.action == "new":
        if not given.goal.strip():
            raise PlanRefused("A plan needs a goal.", hint="Say what is wanted.")
        require_no_other(file, replace=given.replace)
        file.begin(Project(goal=given.goal.strip()))
        return _shown(given, _there(file))
    if given.action == "show":
        return _shown(given, _there(file))
    person = person_here()
    return carried_out(_worked(given, loaded, person), person)


def _added(given: argparse.Namespace) -> Act:
    def act(project: Project) -> Project:
        task = Task(
            id=new_id(project),
            title=given.title,
            detail=given.detail,
            after=tuple(given.after),
            checks=tuple(given.check),
        )
        return added(project, task)

    return act


CHANGES: Mapping[str, Callable[[argparse.Namespace], Act]] = {
    "add": _added,
    "set": lambda given: lambda plan: with_status(plan, given.id, Status(given.status), note=given.note),
    "note": lambda given: lambda plan: noted(plan, given.text, task_id=given.task, at=utc_now()),
    "stage": lambda given: lambda plan: at_stage(plan, Stage(given.stage)),
}


def _changed(given: argparse.Namespace, file: ProjectStore, change: Act) -> int:
    done = file.change(change)
    if given.json:
        sys.stdout.write(written(done.after))
        return 0
    said = changes(done.before, done.after) or "Nothing has changed: it was so already."
    sys.stdout.write("\n".join(filter(None, (said, ready_line(done.after)))) + "\n")
    return 0


def _shown(given: argparse.Namespace, project: Project) -> int:
    if given.json:
        sys.stdout.write(written(project))
        return 0
    lines = (
        task_lines(project, find(project, given.id))
        if given.id
        else plan_lines(project, get_terminal_size().columns)
    )
    show(lines)
    return 0


def _there(file: ProjectStore) -> Project:
    project = file.load()
    if project is None:
        raise PlanRefused("There is no plan here.", hint='Make one: roost plan "what you want".')
    return project


async def _worked(given: argparse.Namespace, loaded: Loaded, person: "ChatPeople | None") -> int:
    """`check` and `next`: exit code 0 when it went well."""
    where = _where(loaded, person)
    with runner_at(where, _say, Progress(sys.stderr), getattr(given, "tries", MOST_TRIES)) as runner:
        if given.action == "check":
            project = runner.desk.project()
            wanted = (
                [find(project, given.id)]
                if given.id
                else [task for task in project.tasks if task.status is Status.REVIEW]
            )
            went_well = await runner.review.tasks(wanted)
        else:
            went_well = await (runner.all() if given.all else runner.next())
        if given.json:
            sys.stdout.write(written(runner.desk.project()))
    return 0 if went_well else 1


def _where(loaded: Loaded, person: "ChatPeople | None") -> Where:
    around = here()
    return Where(
        settings=loaded.settings,
        workspace=loaded.workspace,
        folders=around.folders,
        masking=masking_of(loaded.settings, around),
        people=People(approver=person.approver, asker=person.asker) if person else People(),
        terminal=person.terminal if person else None,
    )


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
