"""Where the time of a fine-tune goes: what its device can do, what the run made of it, and what took the rest."""
