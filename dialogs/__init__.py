"""Guided conversations, on botbuilder-dialogs. Their state keeps text and numbers only, and their ids a version."""
