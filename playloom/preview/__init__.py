"""Looking at what was recorded: videos, contact sheets and Rerun recordings with the controls drawn beside the play."""
