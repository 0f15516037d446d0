/** Facts under names that the standard gives. */
export type Facets = Readonly<Record<string, Facet>>;

export interface Facet {
  readonly _producer: string;
  readonly _schemaURL: string;
  readonly [name: string]: unknown;
}

const SPEC = "https://openlineage.io/spec";

/**
 * A facet under its schema.
 *
 * @param schema version and name, as in `1-2-0/ParentRunFacet`
 */
export function facet(
  version: string,
  schema: `${string}/${string}`,
  fields: Readonly<Record<string, unknown>>,
): Facet {
  const name = schema.slice(schema.indexOf("/") + 1);
  return {
    _producer: producerOf(version),
    _schemaURL: `${SPEC}/facets/${schema}.json#/$defs/${name}`,
    ...fields,
  };
}

/** Names this program; a URN, as it has no page of its own. */
export function producerOf(version: string): string {
  return `urn:sluice:${version}`;
}
