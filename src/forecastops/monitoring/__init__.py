"""Whether the world has moved, the model has failed, or the data have broken; numbers in, facts out."""
