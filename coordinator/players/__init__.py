"""Players, their tokens, and the invitations by which machines come to have one."""
