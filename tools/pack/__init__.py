"""Steps of `tools/package.py`: what goes into the packaged program, and its installers."""
