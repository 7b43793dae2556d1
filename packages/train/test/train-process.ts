// One training of the tiny model as a process of its own, so that a test can kill it: `node train-process.ts OUTPUT`. Resumes where there is
// a checkpoint, and says "started" when the steps begin.

import { joinPath } from "@attune/core";
import { files, tinyConfig } from "./tiny.ts";
import { listCheckpoints } from "../src/checkpoint.ts";
import { jsonlTracker, train } from "../src/index.ts";

const output = process.argv[2];
const resume = (await listCheckpoints(files, output)).length > 0;
if (!resume) await files.remove(joinPath(output, "log.jsonl")); // killed before the first checkpoint: it begins anew, as the command line does
const config = await tinyConfig(output, { saveSteps: 1, epochs: 8 }, { resume, trackers: [jsonlTracker(files, output)] });
for await (const event of train(config, { files, signal: new AbortController().signal }))
  if (event.type === "start") process.stdout.write("started\n");
