"""Azure Machine Learning as a target, through azureml-mlflow: Container Instances and managed online endpoints."""
