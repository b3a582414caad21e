"""The figures: a kind a file in `kinds/`, tables in; a picture, its caption and its findings out."""
