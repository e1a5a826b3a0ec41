"""Text to vectors: the port and its engines. Import from the module that you need.

Before the libraries load, their telemetry is switched off. ONNX Runtime, from version 1.30 or so, keeps a device id and
usage records in the user's cache folder and would upload them; the client of the model hub counts calls. Questions of
municipal staff belong in no statistics.
"""

import os

os.environ.update({"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"})
