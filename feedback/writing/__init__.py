"""Writing a survey in chat: the sketch, what can be typed about it, and where each step leads."""
