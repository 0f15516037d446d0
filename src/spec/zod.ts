/**
 * Zod, for all of `spec/`: as a command loads its parts when it needs them, Deno looks through all
 * installed packages once for each module that imports one (3 ms each).
 */
export { z } from "zod";
