"""Games with ground truth: Atari, VizDoom and stable-retro, played by people and agents through one interface.

A player, human or not, holds keys or a pad (`presets`), which name the game's actions; the environment turns the
actions held into its own action. What replay needs stands in an `EnvironmentSpec`, what happened in `steps`.

The emulators belong to the extra ``games`` and are imported when a game is asked for. Reading specs and steps needs
none of them.
"""
