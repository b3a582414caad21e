"""placeholder"""

def why_unavailable():
    return "not written"

class GemliteProduct:
    pass
