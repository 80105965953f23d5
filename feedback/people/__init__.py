"""People and their groups: who they are, panels and their target mixes, lists, and the words that choose among them."""
