"""`mutegreen help`: the documentation on the terminal."""

from __future__ import annotations

import sys

import click

from mutegreen.cli import topics
from mutegreen.cli.common import results
from mutegreen.cli.main import COMMANDS
from mutegreen.errors import UsageError


@click.command("help", epilog="Example: mutegreen help statistics")
@click.argument("topic", required=False)
@click.pass_context
def command(ctx: click.Context, topic: str | None) -> int:
    """Show a page of the documentation, or list the pages.

    TOPIC is the name of a page or of a command. On a terminal, the page opens in the pager (PAGER).
    """
    pages = topics.pages()
    if topic is None:
        _list_topics()
    elif topic in pages:
        _show(topic)
    elif topic in COMMANDS:
        _show_help_of(ctx, topic)
    else:
        raise UsageError(
            f"topic {topic!r} not found: no page and no command of that name", f"the topics are: {', '.join(pages)}"
        )
    return 0


def _list_topics() -> None:
    from rich.table import Table

    table = Table("topic", "page", box=None, pad_edge=False)
    for name, page in topics.pages().items():
        table.add_row(name, topics.title(page))
    results().print(table)
    click.echo("\n`mutegreen help TOPIC` shows a page, `mutegreen COMMAND --help` the options of a command.")


def _show(topic: str) -> None:
    from rich.markdown import Markdown

    console = results()
    page = Markdown(topics.for_terminal(topics.pages()[topic]), hyperlinks=False)
    if sys.stdout.isatty():
        with console.pager(styles=True):
            console.print(page)
    else:
        console.print(page)
    if topic in COMMANDS:
        click.echo(f"`mutegreen {topic} --help` shows the options of the command {topic}.", err=True)


def _show_help_of(ctx: click.Context, name: str) -> None:
    assert ctx.parent is not None
    assert isinstance(ctx.parent.command, click.Group)
    described = ctx.parent.command.get_command(ctx.parent, name)
    assert described is not None
    with click.Context(described, info_name=name, parent=ctx.parent) as context:
        click.echo(described.get_help(context))
