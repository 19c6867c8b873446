"""What is seen: monitors, windows, games and test pictures, behind one small protocol."""
