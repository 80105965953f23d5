"""Runs: whom one is for and when it goes out, what becomes of each delivery, schedules, reminders, approvals."""
