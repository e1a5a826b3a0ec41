"""Text to vectors: the port and its engines. Import from the module that you need.

The libraries underneath are told, before they load, to report to nobody: ONNX Runtime, from version 1.30 or so, keeps a
device id and usage records in the user's cache folder and would upload them, and the model hub's client counts calls.
Questions of municipal staff are nobody's statistics.
"""

import os

os.environ.update({"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"})
