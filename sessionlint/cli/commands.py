"""Commands whose own options say what they do without a look for a translation.

click looks for one of its text for `--help` at each start, and loads `locale` for that.
"""

from __future__ import annotations

import click

from sessionlint import __version__

__all__ = ["Command", "Group", "versioned"]


def _show_help(context: click.Context, _option: click.Parameter, is_asked: bool) -> None:  # noqa: FBT001
    if is_asked:
        click.echo(context.get_help(), color=context.color)
        context.exit()


def _show_version(context: click.Context, _option: click.Parameter, is_asked: bool) -> None:  # noqa: FBT001
    if is_asked:
        click.echo(f"{context.find_root().info_name} {__version__}", color=context.color)
        context.exit()


_HELP = click.Option(
    ["-h", "--help"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_help,
    help="Show this message and exit.",
)

versioned = click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)


class _Helped(click.Command):
    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The option that shows the help, the same for all commands."""
        return _HELP


class Command(_Helped):
    """A command with `-h` and `--help`."""


class Group(_Helped, click.Group):
    """A group whose command may be left out: then it is `check`."""

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the command that was left out."""
        own = {*self.commands, "-h", "--help", "-V", "--version"}
        return super().parse_args(ctx, args if args and args[0] in own else ["check", *args])
