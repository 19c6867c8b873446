"""What becomes of it: a fixed grid of frames, encoded and written beside the inputs."""
