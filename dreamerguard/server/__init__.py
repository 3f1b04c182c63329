"""The language server: findings while typing, hover, fixes and completion for editors."""
