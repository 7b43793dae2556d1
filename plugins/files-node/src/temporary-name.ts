// The name under which a file is made before it takes its place: `PATH.<uuid>.tmp`, here and in all that write through `Files.open` and `rename`.

/** The end of such a name. */
export const temporaryEnd = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** A new one for a path. */
export function temporaryName(path: string): string {
  return `${path}.${crypto.randomUUID()}.tmp`;
}
