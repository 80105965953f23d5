"""What people see: pure functions from domain objects to Adaptive Cards. Knows nothing of chats or stores."""
