"""Shared datasets as whoever reads them has them: copies on this machine, and what is in which version.

from playloom.datasets.opening import open_dataset

opened = open_dataset("pong", players=["ada"])
LeRobotDataset("local/pong", root=opened.path, episodes=list(opened.episodes))
"""
