import { makeHex } from "./texts";

export { setBatch } from "./batch";
export { setDialect, split, splitAfterCr, splitCount, splitIsAtEnd, splitLine } from "./split";
export { atColumn, atEnd, atRecord, atTuple, discardedValues, encode, setProgram } from "./encode";

/** The first address that is free; to be called once, before all else. */
export function start(): usize {
  makeHex();
  return __heap_base;
}
