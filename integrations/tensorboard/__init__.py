"""TensorBoard event files of every training, written while it runs."""
