// The commands of the workspace: what runs, where, and whether it needs the native addon ("again" also retries a build that failed).

import { inRoot, root } from "./paths.mjs";

const cli = inRoot("packages", "attune", "src", "cli", "main.ts");
const tool = (...path) => inRoot("node_modules", ...path);

const inCheckout = () => root;
/** Where the user stands: npm moves to the checkout and leaves the old folder in INIT_CWD. */
const whereCalled = () => (process.cwd() === root ? (process.env.INIT_CWD ?? root) : process.cwd());

export const commands = {
  quickstart: { addon: true, folder: whereCalled, argv: (args) => [cli, "quickstart", ...args] },
  attune: { addon: true, folder: whereCalled, argv: (args) => [cli, ...args] },
  test: { addon: true, folder: inCheckout, argv: (args) => [tool("vitest", "vitest.mjs"), "run", ...args] },
  bench: { addon: true, folder: inCheckout, argv: ([name = "gemm", ...args]) => [inRoot("benchmarks", "kernels", `${name}.ts`), ...args] },
  build: { addon: "again", folder: inCheckout, argv: (args) => [inRoot("scripts", "build.mjs"), ...args] },
  typecheck: { folder: inCheckout, argv: (args) => [tool("typescript", "bin", "tsc"), "-p", "tsconfig.json", ...args] },
  lint: { folder: inCheckout, argv: (args) => [tool("oxlint", "bin", "oxlint"), ...args] },
  format: { folder: inCheckout, argv: (args) => [tool("oxfmt", "bin", "oxfmt"), ...args] },
  "format:check": { folder: inCheckout, argv: (args) => [tool("oxfmt", "bin", "oxfmt"), "--check", ...args] },
};
