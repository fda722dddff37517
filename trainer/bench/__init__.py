"""How fast the fine-tune is, against what: `python -m trainer.bench --out DIR`, in any environment that can train.

Every arm is a process of `python -m trainer train` with a config of its own, so what is measured is the product.
`README.md` beside this file says what the arms are, what a run needs and how to read its result.
"""
