import type { Check } from "./check.ts";

/** Times that no clock has. */
export const scheduleTimes: Check = ({ schedule }, report, _input, { recurrenceFault }) => {
  const fault = schedule ? recurrenceFault(schedule) : null;
  if (fault !== null) {
    report.value(["schedule", fault.key], "spec/bad_schedule", fault.message, fault.hint);
  }
};
