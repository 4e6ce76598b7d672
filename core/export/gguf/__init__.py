"""GGUF files for llama.cpp, Ollama and LM Studio: what they need to know of a model, written without torch."""
