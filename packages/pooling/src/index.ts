export { concatPoolings } from "./concat.ts";
export { dense, normalize } from "./heads.ts";
export type { Head } from "./heads.ts";
export type { Pooling } from "./pooling.ts";
export { cls, last, max, mean, poolingPlugins } from "./poolings.ts";
