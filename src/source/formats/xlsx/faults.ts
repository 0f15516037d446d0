import { SluiceError } from "../../../core/error.ts";

/** The workbook says what cannot be, or lacks what it names. */
export function damaged(shown: string, what: string): SluiceError {
  return new SluiceError("source/corrupt_xlsx", `"${shown}" is damaged: ${what}`, {
    hint: "Open and save it in Excel or LibreOffice, or fetch it again: nothing of it was loaded",
  });
}

/** The workbook is right, and cannot be read. */
export function notAvailable(shown: string, what: string, hint: string): SluiceError {
  return new SluiceError("source/xlsx_not_available", `"${shown}" is ${what}`, { hint });
}

/** More than is held in memory, or more than a sheet can have. */
export function tooLarge(shown: string, what: string): SluiceError {
  return new SluiceError("source/xlsx_too_large", `"${shown}" has ${what}`, {
    hint: "Save the sheet as CSV, which is read in bounded memory whatever its size",
  });
}
