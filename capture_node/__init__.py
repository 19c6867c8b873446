"""What runs on the gaming PC."""
