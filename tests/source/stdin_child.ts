/** Opens standard input several times, as a load may, and prints what each of them saw. */
import { SluiceError } from "../../src/core/error.ts";
import { openSource } from "../../src/source/open.ts";
import { planFor, testContext } from "./support.ts";

const [, left] = Deno.args.map(Number);
for (let round = 0; round < 3; round++) {
  try {
    await using source = await openSource(planFor("stdin:"), testContext());
    let bytes = 0;
    let isLeft = false;
    for await (const file of source.files) {
      for await (const chunk of file.chunks) {
        bytes += chunk.length;
        isLeft = round === 0 && bytes >= left;
        if (isLeft) break;
      }
      if (isLeft) break;
    }
    if (!isLeft) console.log(bytes, source.sha256());
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    console.log(error.code);
  }
}
