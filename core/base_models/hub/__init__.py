"""Models of the Hugging Face hub: finding one, seeing what a download would bring, and downloading it.

The network is used in child processes alone (:mod:`core.base_models.hub.child`), and only when one is asked for.
"""
