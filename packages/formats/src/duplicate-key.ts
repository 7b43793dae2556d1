// JSON.parse keeps the last of two equal keys without a word; in a header that hides a tensor, so it is looked for separately.

/** The first key that one object of a valid JSON text holds twice, or undefined. */
export function duplicateKey(json: string): string | undefined {
  // A string with what makes it a key or not, or a bracket: everything else in valid JSON says nothing about keys.
  const tokens = /("(?:[^"\\]+|\\.)*")(\s*:)?|[{}]/g;
  const objects: Set<string>[] = [];
  for (const [token, text, colon] of json.matchAll(tokens)) {
    if (token === "{") objects.push(new Set());
    else if (token === "}") objects.pop();
    else if (colon) {
      const key = JSON.parse(text) as string;
      const keys = objects.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}
