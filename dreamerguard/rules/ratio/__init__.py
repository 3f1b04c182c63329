"""DG1xx: train ratio, batch shape and the number of gradient updates."""
