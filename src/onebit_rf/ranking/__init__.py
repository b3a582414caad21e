"""Over many trained models: which measure puts their generalization gaps in order."""
