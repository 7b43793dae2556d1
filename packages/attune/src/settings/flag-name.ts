// How the command line writes the name of a setting: what errors about settings say, whoever finds them.

/** batchSize -> batch-size, without the dashes before it. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
