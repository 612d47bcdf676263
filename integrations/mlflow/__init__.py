"""Each training as an MLflow run: parameters, metrics by epoch, artifacts, a registered model."""
