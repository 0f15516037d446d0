/** Digits after the point that a sum keeps: more than any field of the test data has. */
const SCALE = 30;

/** A decimal number as a whole number of 10⁻³⁰, exactly; `1.5e3` is understood. */
export function parseDecimal(text: string): bigint {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text.trim());
  if (match === null || match[2] + match[3] === "") throw new Error(`Not a decimal: "${text}"`);
  const [, sign, whole, fraction, exponent = "0"] = match;
  const shift = SCALE - fraction.length + Number(exponent);
  if (shift < 0) throw new Error(`Too many decimals: "${text}"`);
  const value = BigInt(whole + fraction) * 10n ** BigInt(shift);
  return sign === "-" ? -value : value;
}
