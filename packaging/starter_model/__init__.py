"""How the starter model and the sample datasets are made: text, tokenizer, training, measuring."""
