from hub_fixture import hub

__all__ = ["hub"]
