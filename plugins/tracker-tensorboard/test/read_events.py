# What TensorBoard itself reads in a folder: {tag: [[step, value], ...]}, once by the reader of its programming interface and once by that of its pages.
import json
import sys

from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.util import tensor_util

folder = sys.argv[1]
plain = event_accumulator.EventAccumulator(folder, size_guidance={"scalars": 0})
plain.Reload()
pages = plugin_event_accumulator.EventAccumulator(folder, size_guidance={}, tensor_size_guidance={"scalars": 0})
pages.Reload()
print(
    json.dumps(
        {
            "plain": {tag: [[e.step, e.value] for e in plain.Scalars(tag)] for tag in plain.Tags()["scalars"]},
            "pages": {
                tag: [[e.step, float(tensor_util.make_ndarray(e.tensor_proto))] for e in pages.Tensors(tag)]
                for tag in pages.PluginTagToContent("scalars")
            },
        }
    )
)
