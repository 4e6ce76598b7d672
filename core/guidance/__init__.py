"""Is fine-tuning right for this? Questions, advice with reasons, and the project's purpose."""
