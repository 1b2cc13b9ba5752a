"""Text of others, made safe to show; secrets, found and masked."""
