"""Pictures from sessions into a dataset's video files: copied as they are, or decoded, scaled and encoded."""
