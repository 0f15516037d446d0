import { isTimeZone } from "../core/time_zone.ts";
import type { SpecCode } from "./codes.ts";

/** What a report says of a text that is not the name of a time zone; null where it is one. */
export function zoneFault(name: string): [code: SpecCode, message: string, hint: string] | null {
  if (isTimeZone(name)) return null;
  return [
    "spec/bad_timezone",
    `"${name}" is not a time zone`,
    "Write an IANA name such as America/New_York",
  ];
}
