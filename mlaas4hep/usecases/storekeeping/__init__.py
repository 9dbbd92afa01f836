"""What the store holds, kept in order: looked at, rebuilt, and rid of what nobody needs."""
