import { BYTES } from "./cases/bytes.ts";
import { COMPRESSED } from "./cases/compressed.ts";
import { HEADERS } from "./cases/header.ts";
import { SHAPE } from "./cases/shape.ts";
import { testCases } from "./ground.ts";
import { straddling } from "./straddle.ts";

testCases("torture corpus: records of the wrong shape", SHAPE);
testCases("torture corpus: bytes and texts", BYTES);
testCases("torture corpus: headers", HEADERS);
testCases("torture corpus: compressed files", COMPRESSED);
testCases("torture corpus: cut by the end of a read", straddling([...SHAPE, ...BYTES, ...HEADERS]));
