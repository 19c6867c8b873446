"""From recorded sessions to a LeRobot dataset."""
