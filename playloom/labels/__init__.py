"""Labels: what a model says was pressed in a video, frame by frame, and which of it is to be believed."""
