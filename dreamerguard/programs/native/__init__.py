"""The bundled trainer: ``dreamerguard train TASK [run.yaml] [key=value ...]``."""
