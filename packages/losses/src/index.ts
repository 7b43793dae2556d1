export { cosent } from "./cosent.ts";
export { infonce } from "./infonce.ts";
export { defineLoss } from "./loss.ts";
export type { BatchWith, Loss, LossBatch, LossDefinition, LossNeed } from "./loss.ts";
