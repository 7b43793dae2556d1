// Changesets name packages that exist, so that a release does not stop at a typing error.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root, workspacePackages } from "./lib/workspace.ts";

test("each changeset names packages of the workspace and says something", () => {
  const folder = join(root, ".changeset");
  const known = workspacePackages().map(({ manifest }) => manifest.name);
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".md") && name !== "README.md")) {
    const [, head = "", body = ""] = readFileSync(join(folder, file), "utf8").split(/^---$/m);
    const bumps = [...head.matchAll(/^"([^"]+)": (major|minor|patch)$/gm)].map(([, name]) => name);
    expect(bumps.length, file).toBe(head.trim().split("\n").length);
    expect(known, file).toEqual(expect.arrayContaining(bumps));
    expect(body.trim().length, file).toBeGreaterThan(20);
  }
});
