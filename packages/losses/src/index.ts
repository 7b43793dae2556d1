export { contrastive } from "./contrastive.ts";
export { cosent } from "./cosent.ts";
export { cosineSimilarity } from "./cosine-similarity.ts";
export { embedrag, marginInfonce, symmetricInfonce } from "./infonce-presets.ts";
export { infonce } from "./infonce.ts";
export { defineLoss, lossInputError } from "./loss.ts";
export type { BatchWith, Loss, LossBatch, LossDefinition, LossNeed, LossRequirements } from "./loss.ts";
export { onlineContrastive } from "./online-contrastive.ts";
export { triplet } from "./triplet.ts";
