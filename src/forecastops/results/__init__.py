"""What the functions of `import forecastops` return; the fields are the keys of the JSON of its command."""
