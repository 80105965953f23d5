"""The business: people, surveys, runs, answers, notes. One module per noun."""
