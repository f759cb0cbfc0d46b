"""The guards: which folders an action may touch, which hosts it may reach, what is masked."""
