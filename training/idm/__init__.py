"""The inverse dynamics model: what was held at each frame of a clip, read off the pictures before and after it."""
