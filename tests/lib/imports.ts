// Finds what a TypeScript file imports, by regular expressions on statements: the repository's own formatted code, not any code, is its input.
// Type-only imports count, since they too need a declared dependency; module augmentations (`declare module`) do not.

/** One import of a file. */
export interface Import {
  readonly specifier: string;
  /** True for `import("…")` and `require("…")` in an expression, false for statements and for types. */
  readonly lazy: boolean;
}

const statement = /^[ \t]*(?:import|export)\b(?:[^"'`;=()]*?\bfrom)?\s*["']([^"'\n]+)["']/gm;
const expression = /(\btypeof\s+)?\bimport\(\s*["']([^"'\n]+)["']\s*\)(\s*\.\s*[A-Z])?/g;
const required = /\b(?:createRequire\([^()]*\)|require(?:\.resolve)?)\(\s*["']([^"'\n]+)["']\s*\)/g;
const comment = /^[ \t]*(?:\/\/|\/\*|\*).*$/gm;

/** The imports of a source text in the order of statements first, expressions after; repeated ones stay. */
export function importsOf(source: string): Import[] {
  const code = source.replace(comment, "");
  const statements = [...code.matchAll(statement)].map(([, specifier = ""]) => ({ specifier, lazy: false }));
  const expressions = [...code.matchAll(expression)].map(([, typeOnly, specifier = "", member]) => ({
    specifier,
    lazy: !typeOnly && !member,
  }));
  const requires = [...code.matchAll(required)].map(([, specifier = ""]) => ({ specifier, lazy: true }));
  return [...statements, ...expressions, ...requires];
}

/** The package of a bare specifier ("@attune/core/x" -> "@attune/core"), or undefined for relative ones, a package's own ("#platform") and `node:`. */
export function packageOf(specifier: string): string | undefined {
  if (/^(\.|\/|#|node:|data:)/.test(specifier)) return undefined;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
