// Writes fixtures/ops: `node packages/testing/scripts/write-op-cases.ts`, after a change of the cases or of the reference.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../src/golden.ts";
import { encodeCases } from "../src/op-cases/format.ts";
import { opCases } from "../src/op-cases/index.ts";

const folder = join(repositoryRoot(), "fixtures", "ops");
mkdirSync(folder, { recursive: true });
for (const { op, cases } of opCases()) writeFileSync(join(folder, `${op.name}.json`), encodeCases(op.name, cases));
