"""Answers as they come: kept at once or bit by bit, under a name or as a ballot, or put off."""
