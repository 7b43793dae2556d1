#!/usr/bin/env node
// Entry of every npm script: sets the checkout up (dependencies, native addon, pinned Node), then becomes the command that was asked for.
// Plain JavaScript without dependencies, since it runs before anything is installed; set-up messages go to stderr, never to stdout.

const major = Number(process.versions.node.split(".")[0]);

if (major < 20) {
  console.error(
    `attune: this is Node ${process.versions.node}; setting attune up needs Node 20 or later. Hint: get one from https://nodejs.org.`,
  );
  process.exitCode = 1;
} else {
  import("./lib/main.mjs").then(({ main }) => main(process.argv.slice(2)));
}
