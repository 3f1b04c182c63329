"""``dreamerguard tasks``: shows published defaults of suites and tasks, and the published agent's scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from dreamerguard.commands.shared.completions import offer, suites
from dreamerguard.commands.shared.completions import tasks as complete_tasks
from dreamerguard.commands.shared.errors import fail
from dreamerguard.commands.shared.tables import print_table


def tasks(
    task: Annotated[
        str | None,
        typer.Argument(help="Task to show; by default the suites are listed.", autocompletion=offer(complete_tasks)),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option("--suite", "-s", help="Suite to list, or to take the task from.", autocompletion=offer(suites)),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the published defaults of suites and tasks, their sources, and the scores of the published agent."""
    import json

    from dreamerguard.programs.native.runnable import why_not_here
    from dreamerguard.schema.suites import has_free_names
    from dreamerguard.schema.tasks import UnknownTask, check_suite, find_task, suite_names

    from .shared import task_facts as facts

    try:
        if task is not None:
            data: Any = facts.task_facts(find_task(task, suite))
            show: Callable[[Any], None] = _show_task
        elif suite is not None:
            check_suite(suite)
            data = facts.suite_facts(suite) | {"tasks": facts.suite_tasks(suite)}
            show = _show_suite
        else:
            data = [facts.suite_facts(name) for name in suite_names()]
            show = _show_suites
    except UnknownTask as error:
        if task is not None and suite is None and has_free_names(task):
            reason = why_not_here(task) or f"the bundled trainer runs it: dreamerguard train {task} run.frames=N"
            fail(f"nothing is published for {task}; {reason}")
        if task in suite_names():
            fail(f"{task!r} is a suite, not a task: `dreamerguard tasks --suite {task}` lists its tasks")
        fail(str(error))
    if as_json:
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        show(data)


def _show_suites(suites: list[dict[str, Any]]) -> None:
    from dreamerguard.commands.shared.task_facts import trainer_text
    from dreamerguard.schema.suites import SUITES

    columns = ("suite", "tasks", "edition", "ratio", "repeat", "frames", "size", "updates/1k", "curves", "trainer")
    rows = []
    for row in suites:
        values = [
            _text(row["values"].get(key)) for key in ("run.train_ratio", "env.action_repeat", "run.frames", "size")
        ]
        rate, curves = _text(row["updates_per_1000_frames"]), "yes" if row["curves"] else "no"
        facts = (row["suite"], str(row["tasks"]), row["default_edition"], *values, rate, curves)
        rows.append((*facts, trainer_text(row["trainer"])))
    print_table(columns, rows)
    free = " and ".join(suite.pattern for suite in SUITES if suite.separator == ":")
    typer.echo(
        "\nNumbers of the default edition; frames are environment frames; updates/1k are updates of batch\n"
        "16 x 64 per 1,000 frames; - is unpublished.\n"
        "trainer: whether the bundled trainer runs them here; needs [X] is pip install 'dreamerguard[X]'.\n"
        f"It also runs {free}, for which nothing is published.\n"
        "dreamerguard tasks --suite SUITE lists its tasks; dreamerguard tasks TASK shows one and its sources."
    )


def _show_suite(suite: dict[str, Any]) -> None:
    typer.echo(f"{suite['suite']}: {suite['title']}")
    _say_trainer(next(iter(suite["tasks"]))["task"])
    _say(f"default edition {suite['default_edition']}: {suite['default_reason']}")
    typer.echo("")
    rows = []
    for row in suite["tasks"]:
        final = row["final"] or {}
        facts = {"not in the papers": not row["published"], "sparse": row["sparse"], "no time limit": row["endless"]}
        remarks = [remark for remark, holds in facts.items() if holds]
        if row["laboratory"] not in (None, "danijar/dreamerv3"):
            remarks.append(f"{row['score']} of {row['laboratory']}")
        if row["differs"]:
            remarks.append("laboratories differ")
        scores = [_text(final.get(key)) for key in ("median", "min", "max")]
        rows.append((row["task"], *scores, _text(row["seeds"]), ", ".join(remarks)))
    print_table(("task", "final score, median", "lowest", "highest", "seeds", "remarks"), rows)


def _show_task(task: dict[str, Any]) -> None:
    numbers = {name: number for number, name in enumerate(task["sources"], 1)}
    others = "".join(f"; also in {suite} (--suite {suite})" for suite in task["other_suites"])
    typer.echo(f"{task['name']} in suite {task['suite']}: {task['title']}{others}")
    _say(f"default edition {task['default_edition']}: {task['default_reason']}")
    _say_trainer(task["name"])
    if task["sparse"]:
        typer.echo(f"sparse reward: {task['reason']} [{numbers[task['reason_source']]}]")
    if task["endless"]:
        typer.echo(f"no time limit: {task['endless']['ends']} ({task['endless']['source']['url']})")
    if not task["published"]:
        typer.echo("not in the papers of DreamerV3: its suite's defaults apply")
    typer.echo("")
    _show_editions(task, numbers)
    for release, curve in list(task["curves"].items())[:1]:
        _show_curve(release, curve)
    if not task["curves"]:
        typer.echo("\nNo learning curves of DreamerV3 are published for this task.")
    typer.echo("\nSources")
    for name, number in numbers.items():
        source = task["sources"][name]
        typer.echo(f"[{number}] {source['title']}\n    {source['url']}\n    {source['detail']}".rstrip())


def _say_trainer(task: str) -> None:
    from dreamerguard.programs.native.runnable import why_not_here

    if reason := why_not_here(task):
        _say(reason)


def _show_editions(task: dict[str, Any], numbers: dict[str, int]) -> None:
    from dreamerguard.commands.shared.task_facts import gpu_time
    from dreamerguard.schema.publish import unit
    from dreamerguard.schema.task_data import GpuTime

    editions = task["editions"]
    keys = list(dict.fromkeys(key for values in editions.values() for key in values))
    rows = []
    for key in keys:
        cells = [_cited(values.get(key), numbers) for values in editions.values()]
        rows.append((key, *cells, unit(key)))
    rates = [_text(task["updates"][edition]["per_1000_frames"]) for edition in editions]
    totals = [_text(task["updates"][edition]["total"]) for edition in editions]
    times = [
        f"{gpu_time(GpuTime(**time))} [{numbers[time['source']]}]" if time else "-"
        for time in (task["gpu_time"].get(edition) for edition in editions)
    ]
    rows += [
        ("updates per 1000 frames", *rates, "updates of batch 16 x 64"),
        ("updates in all", *totals, "updates of batch 16 x 64"),
    ]
    if task["gpu_time"]:
        rows.append(("time of one run", *times, "on one GPU"))
    heads = [f"{edition} (default)" if edition == task["default_edition"] else edition for edition in editions]
    print_table(("setting", *heads, "unit"), rows)
    notes = [
        f"{edition}, {key}: {value['note']}"
        for edition, values in editions.items()
        for key, value in values.items()
        if value["note"]
    ]
    if notes:
        typer.echo("\nNotes\n" + "\n".join(notes))


def _show_curve(release: str, curve: dict[str, Any]) -> None:
    typer.echo(
        f"\nPublished agent: edition {curve['edition']}, {curve['seeds']} {'seed' if curve['seeds'] == 1 else 'seeds'},"
        f" repeat {curve['action_repeat']}, {curve['score']} of release {release}, laboratory {curve['laboratory']}"
    )
    rows = [(_text(row["frames"]), *(_text(row[key]) for key in ("median", "min", "max"))) for row in curve["scores"]]
    final = ("last tenth", *(_text(curve["final"][key]) for key in ("median", "min", "max")))
    print_table(("frames", "median score", "lowest", "highest"), [*rows, final])
    typer.echo("")
    if curve["judged_from"] is None:
        _say("One run cannot be called too low: on these curves, a run that learns nothing is no outlier.")
    else:
        _show_reach(curve)
    if curve["disagreement"]:
        typer.echo("")
        _say(f"{curve['disagreement'][0].upper()}{curve['disagreement'][1:]}.")
    typer.echo(f"\n{curve['note']}".rstrip())
    typer.echo(f"Curves: {curve['source']}")


def _show_reach(curve: dict[str, Any]) -> None:
    reach = [
        (
            f"{row['share']:.0%}",
            *(_text(row[key]) for key in ("median", "first", "last")),
            f"{row['reached']} of {curve['seeds']}",
        )
        for row in curve["reach"]
    ]
    print_table(
        ("share of the final score", "frames, median seed", "fastest", "slowest", "seeds that reached it"), reach
    )


def _say(text: str) -> None:
    import textwrap

    typer.echo("\n".join(textwrap.wrap(text, 110)))


def _cited(value: dict[str, Any] | None, numbers: dict[str, int]) -> str:
    return "-" if value is None else f"{_text(value['value'])} [{numbers[value['source']]}]"


def _text(value: Any) -> str:
    """Returns a value as text: thousands separators, four significant digits below 1000; - for None."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
