# Makes golden.json with the protocol buffers of the Python package wandb (0.18.7 and 0.31.0 give the same): python make_golden.py > golden.json
import json
from wandb.proto import wandb_internal_pb2 as pb

STREAM = "xq7xxnjk"


def made(number, **content):
    record = pb.Record(num=number, **content)
    record._info.stream_id = STREAM
    return record.SerializeToString(deterministic=True).hex()


def items(kind, values):
    return [kind(nested_key=[name], value_json=value) for name, value in values.items()]


run = pb.RunRecord(run_id=STREAM, project="attune", display_name="a run")
run.config.update.add(key="_wandb", value_json="{}")
run.config.update.add(key="epochs", value_json="2")
run.start_time.seconds = 1795267487
run.start_time.nanos = 500000000
history = pb.HistoryRecord(item=items(pb.HistoryItem, {"loss": "0.5", "learning_rate": "0.00002", "_step": "2"}))
history.step.num = 2
print(json.dumps({
    "header": made(1, header=pb.HeaderRecord(version_info=pb.VersionInfo(producer="attune", min_consumer="0.70.0"))),
    "run": made(2, run=run),
    "history": made(11, history=history),
    "summary": made(10, summary=pb.SummaryRecord(update=items(pb.SummaryItem, {"loss": "0.5", "_step": "2"}))),
    "exit": made(300, exit=pb.RunExitRecord(exit_code=0, runtime=3)),
}, indent=2))
