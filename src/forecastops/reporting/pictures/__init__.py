"""From facts to pictures: each function takes numbers and gives a figure, drawn by ``export.svg`` or ``export.png``.

Nothing here knows MLflow, files or the clock, nor changes how matplotlib draws for anybody else in the process. All
modules but ``facts`` import matplotlib, which takes half a second: import them in the function that draws.
"""
