/** The field stood in quotes: never NULL by `null_values`. */
export const QUOTED = 1;

/**
 * The field holds escaped characters and must be unescaped before it is read: each escape character
 * that stands before a quote or another escape character goes away, any other one is data.
 */
export const ESCAPED = 2;
