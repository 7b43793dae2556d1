// InfoNCE under the names by which others know it: each fixes some of infonce's options and leaves the rest to the user.

import { z } from "zod";
import { infonceFields, infonceLoss, infonceNeeds, infonceRequires } from "./infonce.ts";
import { defineLoss } from "./loss.ts";

const defaults = infonceFields.parse({});
const basic = { temperature: true, similarity: true } as const;
const bothWays: (typeof defaults)["directions"] = ["query-to-doc", "doc-to-query"];
const allHard = "own-positive-and-all-hard";

/**
 * The mean of two InfoNCE losses: each anchor against all candidates, and each positive against all anchors, with the margin in both.
 *
 * Semantics of sentence-transformers MultipleNegativesSymmetricRankingLoss with scale = 1 / temperature; without hard negatives, of CLIP; with a
 * margin, of the bidirectional additive margin softmax.
 * @see Radford et al. 2021, arXiv:2103.00020; Yang et al. 2019, arXiv:1902.08564
 */
export const symmetricInfonce = defineLoss({
  name: "symmetric-infonce",
  summary: "InfoNCE from anchors to positives and back",
  options: infonceFields.pick({ ...basic, margin: true }),
  needs: infonceNeeds,
  requires: () => infonceRequires({ ...defaults, directions: bothWays }),
  compute: (batch, chosen) => infonceLoss(batch, { ...defaults, ...chosen, directions: bothWays, partition: "per-direction" }),
});

/**
 * InfoNCE in which the positive's similarity must win by a margin: it is subtracted before the division by the temperature.
 *
 * Semantics of PaddleNLP's in-batch negatives with its default margin.
 * @see Yang et al. 2019, Improving Multilingual Sentence Embedding using Bi-directional Dual Encoder with Additive Margin Softmax, arXiv:1902.08564
 */
export const marginInfonce = defineLoss({
  name: "margin-infonce",
  summary: "InfoNCE in which the positive must win by a margin",
  options: infonceFields
    .pick({ ...basic, negatives: true })
    .extend({ margin: z.number().min(0).default(0.2).describe("subtracted from the positive's similarity") }),
  needs: infonceNeeds,
  requires: (chosen) => infonceRequires({ ...defaults, ...chosen }),
  compute: (batch, chosen) => infonceLoss(batch, { ...defaults, ...chosen }),
});

/**
 * Each anchor against its own positive and the hard negatives of all rows; positives of other rows are no negatives.
 *
 * Semantics of EmbedRAG and of RAG-Retrieval's triplet_inbatch_softmax_loss.
 * @see Oord et al. 2018, arXiv:1807.03748
 */
export const embedrag = defineLoss({
  name: "embedrag",
  summary: "InfoNCE of the own positive and everybody's hard negatives",
  options: infonceFields.pick(basic),
  needs: infonceNeeds,
  requires: () => infonceRequires({ ...defaults, negatives: allHard }),
  compute: (batch, chosen) => infonceLoss(batch, { ...defaults, ...chosen, negatives: allHard }),
});
