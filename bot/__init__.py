"""Teams, inbound: who is calling, what they ask for, and the reply."""
