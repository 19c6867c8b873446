"""Labels for video without input."""
