"""The trainer: one LoRA fine-tune, its evaluation, and the record that both leave.

Run it as `python -m trainer train --config config.json --out DIR` from the folder that holds this package.
"""

__version__ = "0.1.0"
