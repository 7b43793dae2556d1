# Prints the records of a .wandb file as JSON, read by wandb's own reader (the Python package up to 0.18 has one).
import json, sys
import wandb
wandb._assert_is_internal_process = True
from wandb.sdk.internal.datastore import DataStore
from wandb.proto import wandb_internal_pb2 as pb
from google.protobuf.json_format import MessageToDict

store = DataStore()
store.open_for_scan(sys.argv[1])
records = []
while (data := store.scan_data()) is not None:
    record = pb.Record()
    record.ParseFromString(data)
    records.append(MessageToDict(record, preserving_proto_field_name=True))
print(json.dumps(records))
