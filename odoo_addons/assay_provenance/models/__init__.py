from . import provenance, shown
