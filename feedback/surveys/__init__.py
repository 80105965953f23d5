"""Surveys: questions and their kinds, branching, arms, translations; what counts as an answer; their files."""
