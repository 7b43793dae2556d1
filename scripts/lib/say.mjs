// What set-up says goes to stderr, written at once: the process may be replaced by the command right after.

import { writeSync } from "node:fs";

/** A failure of set-up that a user can act on; its message is all that is shown. */
export class SetupError extends Error {}

/** One line on stderr. */
export function say(message) {
  writeSync(2, `attune: ${message}\n`);
}

/** Milliseconds since `start` as people read them. */
export function since(start) {
  return `${((Date.now() - start) / 1000).toFixed(1)} s`;
}
