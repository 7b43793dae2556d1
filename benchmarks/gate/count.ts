// `node gate/count.ts`: instruction counts as one JSON object, or the reason why there are none. A process of its own, since what is recorded
// depends on the instruction set that the process chose when it loaded the addon.

import { cannotCount, countInstructions } from "./instructions.ts";

const reason = await cannotCount();
console.log(JSON.stringify(reason ? { reason } : await countInstructions()));
