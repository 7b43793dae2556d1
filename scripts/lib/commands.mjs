// The commands of the workspace: what runs, where, and whether it needs the native addon ("again" also retries a build that failed)
// or hnswlib-node.

import { inRoot, root } from "./paths.mjs";

const cli = inRoot("packages", "attune", "src", "cli", "main.ts");
const tool = (...path) => inRoot("node_modules", ...path);

const inCheckout = () => root;
/** Where the user stands: npm moves to the checkout and leaves the old folder in INIT_CWD. */
const whereCalled = () => (process.cwd() === root ? (process.env.INIT_CWD ?? root) : process.cwd());

/** Tests with a configuration of their own: apart from `npm test`, for the time or the downloads that they need. */
const suite = (name, args) => [tool("vitest", "vitest.mjs"), "run", "--config", inRoot("tests", name, "vitest.config.ts"), ...args];

export const commands = {
  quickstart: { addon: true, folder: whereCalled, argv: (args) => [cli, "quickstart", ...args] },
  attune: { addon: true, folder: whereCalled, argv: (args) => [cli, ...args] },
  test: { addon: true, hnswlib: true, folder: inCheckout, argv: (args) => [tool("vitest", "vitest.mjs"), "run", ...args] },
  "test:runtimes": { addon: true, folder: inCheckout, argv: (args) => suite("runtimes", args) },
  fuzz: { folder: inCheckout, argv: (args) => suite("fuzz", args) },
  bench: { addon: true, folder: inCheckout, argv: (args) => [inRoot("benchmarks", "bench.ts"), ...args] },
  gate: { addon: true, folder: inCheckout, argv: (args) => [inRoot("benchmarks", "gate.ts"), ...args] },
  build: { addon: "again", folder: inCheckout, argv: (args) => [inRoot("scripts", "build.mjs"), ...args] },
  typecheck: { folder: inCheckout, argv: (args) => [tool("typescript", "bin", "tsc"), "-p", "tsconfig.json", ...args] },
  lint: { folder: inCheckout, argv: (args) => [tool("oxlint", "bin", "oxlint"), ...args] },
  format: { folder: inCheckout, argv: (args) => [tool("oxfmt", "bin", "oxfmt"), ...args] },
  "format:check": { folder: inCheckout, argv: (args) => [tool("oxfmt", "bin", "oxfmt"), "--check", ...args] },
};
