"""Peak memory of a fine-tune, predicted from the model's shape and the lengths of its samples; no torch in here."""
