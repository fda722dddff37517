"""The scripts that make the bundled questions and the bundled model."""
