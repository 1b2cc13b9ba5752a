"""Makes untrusted text safe to show; finds and masks secrets."""
