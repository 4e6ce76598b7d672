"""A folder for Ollama: a GGUF file and a Modelfile that makes it talk as it was trained."""
