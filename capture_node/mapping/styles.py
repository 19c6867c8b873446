"""How the wizard looks."""

from __future__ import annotations

CSS = """
Screen { background: $background; }
#title { height: 1; padding: 0 1; background: $primary-darken-2; color: $text; }
#body { height: 1fr; }
#list { width: 30; padding: 1 1 0 1; border-right: solid $primary-darken-2; scrollbar-size-vertical: 1; }
#ask { padding: 1 2 0 2; width: 1fr; overflow-y: auto; scrollbar-size-vertical: 1; }
#question { text-style: bold; color: $text; }
#hint { height: auto; }
#chosen { height: auto; min-height: 3; margin: 1 0 0 0; padding: 0 1; border: round $primary; }
#chosen.fresh { border: round $success; }
#chosen.refused { border: round $warning; }
#notes { height: auto; }
#live { height: auto; margin: 1 0 0 0; }
#commands { height: auto; padding: 0 1; background: $panel; color: $text-muted; }
#summary { height: auto; padding: 1 2 0 2; }
#table { height: 1fr; margin: 1 1 0 1; }
#classes { height: 1fr; margin: 1 1; }
"""
