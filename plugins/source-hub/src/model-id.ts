// Hub ids: `name`, `org/name`, either with `@revision`. What looks like a path is none.

import { AttuneError, show } from "@attune/core";

export interface ModelId {
  /** `org/name`, or a name alone. */
  readonly name: string;
  /** A branch, a tag or a commit; "main" where the id has none. */
  readonly revision: string;
}

/** A part of an id, as the hub allows it: no two dots or dashes in a row, none at an end. */
const PART = /^(?!.*(\.\.|--))[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?$/;
/** Git allows more; what it does not allow, or would lead out of a folder, is kept out. */
const REVISION = /^(?!.*(\.\.|\/\/|@\{))[\w][\w./+-]*$/;
const COMMIT = /^[0-9a-f]{40}$/;

/** Whether a revision is a commit's full hash, so that it always means the same files. */
export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}

/** The parts of an id; undefined where the text can be none. */
export function parseModelId(text: string): ModelId | undefined {
  const at = text.indexOf("@");
  const [name, revision] = at < 0 ? [text, "main"] : [text.slice(0, at), text.slice(at + 1)];
  const parts = name.split("/");
  return parts.length <= 2 && parts.every((part) => PART.test(part)) && REVISION.test(revision) ? { name, revision } : undefined;
}

/** The parts of an id. E_HUB_ID where the text can be none. */
export function expectModelId(text: string): ModelId {
  const id = parseModelId(text);
  if (id) return id;
  throw new AttuneError({ code: "E_HUB_ID", place: show(text), expected: "org/name or org/name@revision", got: "something else" });
}

/** The ids that a text may mean, best first: a name alone is one of sentence-transformers, as in that library, or an old one without owner. */
export function candidatesOf({ name, revision }: ModelId): ModelId[] {
  return name.includes("/")
    ? [{ name, revision }]
    : [
        { name: `sentence-transformers/${name}`, revision },
        { name, revision },
      ];
}
