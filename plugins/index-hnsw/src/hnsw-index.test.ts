import { createNodeFiles } from "@attune/files-node";
import { testIndex } from "@attune/testing";
import { hnswIndex } from "./index.ts";

const available = await hnswIndex.available!({});

testIndex({ plugin: hnswIndex, files: createNodeFiles(), recall: 0.95, ...(available !== true && { skip: available }) });
