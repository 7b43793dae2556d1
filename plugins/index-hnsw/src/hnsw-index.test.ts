import { createNodeFiles } from "@attune/files-node";
import { testIndex } from "@attune/testing";
import { hnswIndex } from "./index.ts";

testIndex({ plugin: hnswIndex, files: createNodeFiles(), recall: 0.95 });
